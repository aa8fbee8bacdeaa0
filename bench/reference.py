"""The same work without any of our machinery: what a script that trusts everything would do.

Per study: read four files, pass the bytes through one bare gRPC stream, decode and shrink the
pixels, write the same two objects, put both into Orthanc. No change log, no rules, no ledger, no
retry, no proof; it is told which studies there are.
"""

from __future__ import annotations

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pydicom
from demo.archive import Archive
from PIL import Image

from bench.bare_server import CHUNK_BYTES, METHOD
from bench.model import DECLARATION, answer
from orchestrator.compose import compose
from orchestrator.handoffs import (
    Composition,
    CompositionSettings,
    Digest,
    JobKey,
    ModelIdentity,
    Prediction,
    Preview,
)
from wetread_contract.declaration import parse
from wetread_contract.judgement import InstanceReference, SelectedInstance

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PREVIEW_ROWS = 480
"""As the orchestrator asks Orthanc for."""
SERVER_DEADLINE_S = 30
DIGEST = Digest("0" * 64)


class Reference:
    """One script with a few threads; each thread has connections of its own."""

    def __init__(self, url: str, username: str, password: str, server: str) -> None:
        self._account = (url, username, password)
        self._channel = grpc.insecure_channel(server)
        grpc.channel_ready_future(self._channel).result(timeout=SERVER_DEADLINE_S)
        self._own = threading.local()
        self._declaration = parse(DECLARATION.read_text(encoding="utf-8"))

    def run(self, studies: Sequence[str], threads: int) -> float:
        """Studies per minute."""
        began = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(self._study, studies))
        return 60 * len(studies) / (time.perf_counter() - began)

    def _study(self, study: str) -> None:
        archive = self._archive()
        files = [archive.file(instance) for instance in archive.sources(study)]
        take: grpc.StreamUnaryMultiCallable[bytes, bytes] = self._channel.stream_unary(METHOD)
        take(_chunks(files))
        datasets = [pydicom.dcmread(BytesIO(file)) for file in files]
        for made in compose(self._composition(study, datasets)).objects:
            archive.upload(made.content)

    def _archive(self) -> Archive:
        if not hasattr(self._own, "archive"):
            self._own.archive = Archive(*self._account)
        archive: Archive = self._own.archive
        return archive

    def _composition(self, study: str, datasets: Sequence[pydicom.Dataset]) -> Composition:
        return Composition(
            job_key=JobKey(hashlib.sha256(study.encode()).hexdigest()),
            model=ModelIdentity("reference", "1.0.0", DIGEST, DIGEST),
            declaration=self._declaration,
            prediction=Prediction(answer(), DIGEST, 0.0, "reference", datetime.now(UTC)),
            source=datasets[0],
            selected=tuple(_selected(dataset) for dataset in datasets),
            left_out=(),
            previews={str(dataset.SOPInstanceUID): _preview(dataset) for dataset in datasets},
            settings=CompositionSettings(UTC),
            wetread_version="reference",
        )


def _chunks(files: Sequence[bytes]) -> Iterator[bytes]:
    for file in files:
        yield from (file[start : start + CHUNK_BYTES] for start in range(0, len(file), CHUNK_BYTES))


def _selected(dataset: pydicom.Dataset) -> SelectedInstance:
    reference = InstanceReference(
        str(dataset.StudyInstanceUID),
        str(dataset.SeriesInstanceUID),
        str(dataset.SOPClassUID),
        str(dataset.SOPInstanceUID),
    )
    return SelectedInstance(reference, {"mg.laterality": dataset.ImageLaterality, "mg.view": dataset.ViewPosition})


def _preview(dataset: pydicom.Dataset) -> Preview:
    """The pixels, decoded, shrunk, then brought to 8 bit."""
    pixels = dataset.pixel_array
    columns = round(PREVIEW_ROWS * dataset.Columns / dataset.Rows)
    small = Image.fromarray(pixels.astype(np.float32)).resize((columns, PREVIEW_ROWS), Image.Resampling.BILINEAR)
    grey = (np.asarray(small) / (1 << dataset.BitsStored) * 255).astype(np.uint8)
    return Preview(PREVIEW_ROWS, columns, grey.tobytes())

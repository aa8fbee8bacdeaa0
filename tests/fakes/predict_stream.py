"""The caller's side of Predict, as plain as it can be: what an orchestrator sends, made from Part 10 files."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom import dcmread

from wetread.v1 import model_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class SplitInstance:
    """One Part 10 file, cut before its pixel data element."""

    reference: model_pb2.InstanceReference
    header: bytes
    pixels: bytes


def split(content: bytes) -> SplitInstance:
    file = io.BytesIO(content)
    dataset = dcmread(file, stop_before_pixels=True)
    cut = file.tell()
    reference = model_pb2.InstanceReference(
        study_instance_uid=dataset.StudyInstanceUID,
        series_instance_uid=dataset.SeriesInstanceUID,
        sop_class_uid=dataset.SOPClassUID,
        sop_instance_uid=dataset.SOPInstanceUID,
    )
    return SplitInstance(reference, content[:cut], content[cut:])


def header(
    described: model_pb2.DescribeResponse, name: str, version: str, instances: Iterable[SplitInstance]
) -> model_pb2.PredictRequest:
    return model_pb2.PredictRequest(
        header=model_pb2.PredictHeader(
            job_key="0" * 64,
            attempt=1,
            model_name=name,
            model_version=version,
            weights_sha256=described.weights_sha256,
            instances=[instance.reference for instance in instances],
        )
    )


def parts(instance: SplitInstance, chunk_bytes: int = CHUNK_BYTES) -> Iterator[model_pb2.PredictRequest]:
    yield model_pb2.PredictRequest(
        instance=model_pb2.InstanceHeader(sop_instance_uid=instance.reference.sop_instance_uid, header=instance.header)
    )
    for start in range(0, len(instance.pixels), chunk_bytes):
        data = instance.pixels[start : start + chunk_bytes]
        yield model_pb2.PredictRequest(chunk=model_pb2.PixelChunk(data=data))


def stream(
    described: model_pb2.DescribeResponse, name: str, version: str, files: Iterable[bytes]
) -> Iterator[model_pb2.PredictRequest]:
    instances = [split(content) for content in files]
    yield header(described, name, version, instances)
    for instance in instances:
        yield from parts(instance)

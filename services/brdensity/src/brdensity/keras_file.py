"""`.keras` files: written so that equal networks give equal bytes, read so that no file can run code."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path

import keras

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP archive can hold: every member gets it."""


def write(network: keras.Model, path: Path) -> None:
    """Save a network without optimiser, times or order of writing: the digest depends on the weights only."""
    inference_only = keras.Model(network.inputs, network.outputs, name=network.name)
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / path.name
        inference_only.save(saved, include_optimizer=False)
        with zipfile.ZipFile(saved) as archive, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written:
            for name in sorted(archive.namelist()):
                written.writestr(zipfile.ZipInfo(name, EPOCH), _reproducible(name, archive.read(name)))


def read(path: Path) -> keras.Model:
    """The network of a file. Safe mode: Lambda layers and injected classes are refused, with `ValueError`."""
    return keras.saving.load_model(path, compile=False, safe_mode=True)


def _reproducible(name: str, content: bytes) -> bytes:
    """A member of the archive without what differs from one run to the next: the time, and addresses in memory."""
    if name == "metadata.json":
        metadata = json.loads(content)
        metadata.pop("date_saved", None)
        return json.dumps(metadata, sort_keys=True).encode()
    if name == "config.json":
        return json.dumps(_unshared(json.loads(content))).encode()
    return content


def _unshared(part: object) -> object:
    """The same without `shared_object_id`, an address that is there or not depending on where objects came to lie.

    It would tell the reader to share one object between layers; the only ones that are, say how to compute (float32).
    """
    if isinstance(part, list):
        return [_unshared(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {key: _unshared(value) for key, value in part.items() if key != "shared_object_id"}

"""Weights in BentoML's model store, each with the SHA-256 that it must have.

The store is a folder (BENTOML_HOME). What lies there was copied in by this module; archives of models made by others
are never imported, because unpacking one can write outside the store (BentoML before 1.4.40).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")  # read by BentoML when it is imported: a hospital's machine

import bentoml
from bentoml.exceptions import NotFound

FILE = "model.keras"


class WeightsInvalid(Exception):
    """Weights that are missing or are not those that were pinned; the text says which and what to do."""


@dataclass(frozen=True, slots=True)
class StoredWeights:
    """A file of weights whose digest has been checked."""

    path: Path
    sha256: str


def sha256(path: Path) -> str:
    """Of a file, 64 lower-case hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pinned(path: Path) -> str:
    """The digest that a file beside the weights gives for them, in the format of sha256sum.

    Raises `WeightsInvalid`.
    """
    sums = path.parent / "SHA256SUMS"
    for line in sums.read_text().splitlines() if sums.is_file() else ():
        digest, _, name = line.partition("  ")
        if name == path.name:
            return digest
    raise WeightsInvalid(f"{sums} has no line for {path.name}: train or import the weights again")


def put(name: str, path: Path, *, expected_sha256: str, metadata: Mapping[str, str]) -> str:
    """Copy weights into the store, unless they are there; returns their tag, `name:first digits of the digest`.

    Raises `WeightsInvalid` for another digest than expected.
    """
    found = sha256(path)
    if found != expected_sha256:
        raise WeightsInvalid(f"{path.name} has SHA-256 {found}, must have {expected_sha256}: the file is damaged")
    tag = f"{name}:{found[:16]}"
    if not _has(tag):
        with bentoml.models.create(tag, metadata={"sha256": found, **metadata}) as model:
            shutil.copyfile(path, model.path_of(FILE))
    return tag


def get(name: str) -> StoredWeights:
    """The newest weights of that name, after their digest has been checked. Raises `WeightsInvalid`."""
    try:
        model = bentoml.models.get(f"{name}:latest")
    except NotFound as error:
        raise WeightsInvalid(f"the model store has no {name}: see `brdensity serve --help`") from error
    path, expected = Path(model.path_of(FILE)), str(model.info.metadata.get("sha256"))
    found = sha256(path)
    if found != expected or not found.startswith(str(model.tag.version)):
        raise WeightsInvalid(f"the stored {name} has SHA-256 {found}, was put there as {expected}: store it again")
    return StoredWeights(path, found)


def _has(tag: str) -> bool:
    try:
        bentoml.models.get(tag)
    except NotFound:
        return False
    return True

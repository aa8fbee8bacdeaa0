"""Sends DICOM files over C-STORE, as a modality would; a bad file stops nobody but itself."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, MediaStorageDirectoryStorage
from pynetdicom import AE, _config

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pynetdicom.association import Association

CALLING_AE_TITLE = "WETREAD_DEMO"
MAX_CONTEXTS = 128
"""Of one association (PS3.8 9.3.2.2: odd numbers up to 255)."""
SUCCESS = 0x0000
ARCHIVE_NAME = "orthanc"
"""In the certificate that `make certs` makes for it."""


class NotSent(Exception):
    """Nothing could be sent at all."""


@dataclass(frozen=True, slots=True)
class Sendable:
    """A file that can be put on the network."""

    path: Path
    sop_class_uid: str
    transfer_syntax_uid: str
    study_instance_uid: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that was not sent, and why, for the person whose file it is."""

    path: Path
    reason: str


def sort(files: Sequence[Path]) -> tuple[list[Sendable], list[Rejected]]:
    """What can be sent and what cannot, in the files' order."""
    judged = [_judge(path) for path in files]
    sendable = [file for file in judged if isinstance(file, Sendable)]
    return sendable, [file for file in judged if isinstance(file, Rejected)]


def send(files: Sequence[Sendable], *, port: int, ae_title: str, tls: ssl.SSLContext | None = None) -> list[Rejected]:
    """The files that the archive on this machine did not take; all others are stored.

    With `tls` by DICOM's secure transport (PS3.15 B.1), to the name in the archive's certificate, `orthanc`. Raises
    `NotSent` when it does not accept our association.
    """
    rejected: list[Rejected] = []
    remaining = list(files)
    while remaining:
        kinds = sorted({_kind(file) for file in remaining})[:MAX_CONTEXTS]
        batch = [file for file in remaining if _kind(file) in kinds]
        with _association(kinds, port, ae_title, tls) as association:
            reasons = _send_batch(batch, association)
        answered = batch[: len(reasons)]
        rejected += [Rejected(file.path, reason) for file, reason in zip(answered, reasons, strict=True) if reason]
        remaining = [file for file in remaining if file not in answered]
    return rejected


def _kind(file: Sendable) -> tuple[str, str]:
    return file.sop_class_uid, file.transfer_syntax_uid


def _judge(path: Path) -> Sendable | Rejected:
    try:
        dataset = pydicom.dcmread(path)
        _ = len(dataset.get("PixelData", b""))
    except InvalidDicomError:
        return Rejected(path, "not a DICOM file")
    except (OSError, EOFError, ValueError, RecursionError) as error:
        return Rejected(path, f"cannot be read ({type(error).__name__}): truncated or damaged")
    missing = [name for name in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID") if not dataset.get(name)]
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if dataset.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        return Rejected(path, "a directory of a medium (DICOMDIR), not an image")
    if missing or not syntax:
        return Rejected(path, f"lacks {', '.join(missing) or 'its transfer syntax'}")
    if _is_cut_off(dataset):
        return Rejected(path, "truncated: it has fewer pixels than its header says; copy it again")
    return Sendable(path, str(dataset.SOPClassUID), str(syntax), str(dataset.StudyInstanceUID))


def _is_cut_off(dataset: pydicom.Dataset) -> bool:
    """Whether uncompressed pixel data is shorter than rows × columns × … (PS3.5 8.1.1)."""
    syntax = dataset.file_meta.TransferSyntaxUID
    if "PixelData" not in dataset or syntax.is_encapsulated:
        return False
    try:
        frames = int(dataset.get("NumberOfFrames") or 1)
        samples = dataset.get("SamplesPerPixel", 1)
        expected = dataset.Rows * dataset.Columns * samples * frames * dataset.BitsAllocated // 8
    except (AttributeError, TypeError, ValueError):
        return False  # what it says of its size makes no sense: whoever reads the pixels has to tell
    if dataset.get("PhotometricInterpretation") == "YBR_FULL_422":
        expected = expected * 2 // 3
    return bool(len(dataset.PixelData) < expected)


@contextmanager
def _association(
    kinds: Sequence[tuple[str, str]], port: int, ae_title: str, tls: ssl.SSLContext | None
) -> Iterator[Association]:
    """One for these kinds of files, released in the end. Raises `NotSent`."""
    _config.STORE_SEND_CHUNKED_DATASET = True  # the file's own bytes, not what pydicom would write
    entity = AE(ae_title=CALLING_AE_TITLE)
    for sop_class, syntax in kinds:
        entity.add_requested_context(sop_class, syntax)
    secure = (tls, ARCHIVE_NAME) if tls else None
    association = entity.associate("127.0.0.1", port, ae_title=ae_title, tls_args=secure)
    if not association.is_established:
        raise NotSent(f"Orthanc accepts no association on port {port}; is {ae_title} its AE title?")
    try:
        yield association
    finally:
        association.release()


def _send_batch(batch: Sequence[Sendable], association: Association) -> list[str]:
    """Per file the reason why it was not stored, or nothing; ends early when a file broke the association."""
    accepted = {(context.abstract_syntax, context.transfer_syntax[0]) for context in association.accepted_contexts}
    reasons: list[str] = []
    for file in batch:
        reasons.append(_store(association, file, accepted))
        if not association.is_established:
            break
    return reasons


def _store(association: Association, file: Sendable, accepted: set[tuple[UID | None, UID]]) -> str:
    """Why a file was not stored; empty when it was."""
    if (UID(file.sop_class_uid), UID(file.transfer_syntax_uid)) not in accepted:
        return f"Orthanc does not take {_name(file.sop_class_uid)} as {_name(file.transfer_syntax_uid)}"
    try:
        answer = association.send_c_store(file.path)
    except (AttributeError, ValueError, RuntimeError) as error:
        return f"its file meta information is broken ({type(error).__name__})"
    if not answer:
        return "Orthanc broke off while it was sent"
    return "" if answer.Status == SUCCESS else f"Orthanc refused it with status 0x{answer.Status:04X}"


def _name(uid: str) -> str:
    return UID(uid).name

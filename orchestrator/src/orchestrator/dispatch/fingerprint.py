"""What a model was shown of an image, as one number: equal fingerprints, equal question.

SHA-256 over the values of the header as it is sent (patient and physician blanked, private
attributes left out), the transfer syntax, and the pixel data element byte for byte. Left out are
UIDs of our world, because a corrected study gets new ones and a model sees nothing in them (those
that the Standard gives out, SOP classes, count); attributes without a value, such as blanked ones;
and the other file meta information, in which each program writes its own name. Whatever else
differs, a corrected sex or laterality, is another question.
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import TYPE_CHECKING

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import RawDataElement

from orchestrator.dispatch.identity import blanked
from orchestrator.dispatch.part10 import ArrivingFile
from orchestrator.errors import Cancelled, InstanceUnreadable
from orchestrator.handoffs import Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from pydicom import DataElement, Dataset, FileDataset

    from orchestrator.handoffs import DispatchedInstance
    from orchestrator.orthanc.archive import Archive

DAMAGED = (ValueError, TypeError, KeyError, AttributeError, NotImplementedError)
"""What pydicom raises, late, of a header that is damaged."""
_STANDARD_UIDS = b"1.2.840.10008."
_PADDED = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UT"})
"""Texts, which are padded to an even length (PS3.5 6.2): some systems keep the padding, some write it anew."""


class Fingerprint:
    """Of one image, while it is sent."""

    def __init__(self, sent: Dataset) -> None:
        """`sent` is the header as the model gets it."""
        self._sha256 = sha256(str(sent.file_meta.TransferSyntaxUID).encode())
        for part in _parts(sent):
            self._sha256.update(len(part).to_bytes(8, "big"))
            self._sha256.update(part)

    def update(self, chunk: bytes) -> None:
        """Adds a piece of the pixel data element."""
        self._sha256.update(chunk)

    def digest(self) -> Digest:
        """The fingerprint."""
        return Digest(self._sha256.hexdigest())


def shown(header: FileDataset, needs: Collection[str]) -> tuple[Dataset, Fingerprint]:
    """What a model gets to see of a header, and the fingerprint that begins with it. Raises `InstanceUnreadable`."""
    try:
        sent = blanked(header, needs)
        return sent, Fingerprint(sent)
    except (*DAMAGED, OSError, EOFError, struct.error) as error:  # nothing is read here but what has arrived
        raise InstanceUnreadable("the stored file's header is damaged and cannot be sent on") from error


def of_instances(
    archive: Archive, instances: Iterable[DispatchedInstance], needs: Collection[str], stop: Callable[[], bool]
) -> dict[str, Digest]:
    """The fingerprints that instances would have if they were sent now, by SOP instance UID.

    Raises `InstanceUnreadable`, `Cancelled` when `stop` says so, and what the archive raises.
    """
    found: dict[str, Digest] = {}
    for instance in instances:
        if stop():
            raise Cancelled("stopped while its images were read")
        with archive.open_instance(instance.orthanc_id) as stream:
            arriving = ArrivingFile(stream)
            _, one = shown(arriving.header, needs)
            for chunk in arriving.pixels():
                one.update(chunk)
        found[instance.reference.sop_instance_uid] = one.digest()
    return found


def _parts(dataset: Dataset) -> Iterator[bytes]:
    for tag in sorted(dataset.keys()):
        if tag.element == 0:  # group lengths (PS3.5 7.2): how it was written, not what
            continue
        element = dataset.get_item(tag)
        vr = element.VR or (dictionary_VR(tag) if dictionary_has_tag(tag) else "UN")
        if vr == "SQ":
            items = dataset[tag].value or ()
            yield from (f"{tag}".encode(), f"{len(items)} items".encode()) if items else ()
            for item in items:
                yield from _parts(item)
                yield b"/"
            continue
        value = _value(element)
        if vr in _PADDED:
            value = value.rstrip(b" \0")
        if value and (vr != "UI" or value.startswith(_STANDARD_UIDS)):
            yield f"{tag}".encode()
            yield value


def _value(element: DataElement | RawDataElement) -> bytes:
    """As it is written; what was parsed on the way, or blanked, as text."""
    if isinstance(element, RawDataElement):
        return element.value or b""
    return b"" if element.value is None else str(element.value).encode()

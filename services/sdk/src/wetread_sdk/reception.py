"""The stream of one Predict call, message by message: what may come next, and what came.

No gRPC here but the messages themselves, so that every violation of the contract is a unit test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wetread_contract.judgement import InstanceReference
from wetread_sdk.refusals import ContractBroken, TooLarge

if TYPE_CHECKING:
    from wetread.v1 import model_pb2
    from wetread_sdk.spool import Spool

MAX_CHUNK_BYTES = 2**20
"""`PixelChunk` of model.proto."""

PART_10_MAGIC = slice(128, 132)
"""Where a DICOM file says `DICM` (PS3.10 7.1)."""


@dataclass(frozen=True, slots=True)
class ReceivedInstance:
    """Where in the spool one instance's Part 10 file lies."""

    reference: InstanceReference
    offset: int
    header_bytes: int
    size_bytes: int
    """Header and pixel data element."""


class Reception:
    """What has come of one call so far."""

    def __init__(self, announced: tuple[InstanceReference, ...], spool: Spool, max_bytes: int) -> None:
        self._announced = announced
        self._spool = spool
        self._max_bytes = max_bytes
        self._begun: list[tuple[int, int]] = []
        """Offset and header size of every instance that has begun."""

    def take(self, request: model_pb2.PredictRequest) -> None:
        """Add one message after the first. Raises `ContractBroken` and `TooLarge`."""
        match request.WhichOneof("part"):
            case "instance":
                self._begin(request.instance)
            case "chunk":
                self._go_on(request.chunk.data)
            case "header":
                raise ContractBroken("a second PredictHeader: there is one, and it is the first message")
            case _:
                raise ContractBroken("a message without content")

    def finish(self) -> tuple[ReceivedInstance, ...]:
        """All instances, once the caller has said that nothing more comes. Raises `ContractBroken`."""
        if len(self._begun) < len(self._announced):
            raise ContractBroken(f"the stream ended after {len(self._begun)} of {len(self._announced)} instances")
        ends = [offset for offset, _ in self._begun[1:]] + [self._spool.size_bytes]
        return tuple(
            ReceivedInstance(reference, offset, header_bytes, end - offset)
            for reference, (offset, header_bytes), end in zip(self._announced, self._begun, ends, strict=True)
        )

    def _begin(self, instance: model_pb2.InstanceHeader) -> None:
        place = len(self._begun)
        if place == len(self._announced):
            raise ContractBroken(f"more instances than the {place} that the PredictHeader announced")
        if instance.sop_instance_uid != self._announced[place].sop_instance_uid:
            raise ContractBroken(f"instance {place + 1} is not the one that the PredictHeader announced at this place")
        if instance.header[PART_10_MAGIC] != b"DICM":
            raise ContractBroken(f"the header of instance {place + 1} does not begin a DICOM Part 10 file")
        self._begun.append((self._spool.size_bytes, len(instance.header)))
        self._append(instance.header)

    def _go_on(self, data: bytes) -> None:
        if not self._begun:
            raise ContractBroken("a PixelChunk before the first InstanceHeader")
        if len(data) > MAX_CHUNK_BYTES:
            raise ContractBroken(f"a PixelChunk of {len(data)} bytes, at most {MAX_CHUNK_BYTES} are allowed")
        self._append(data)

    def _append(self, data: bytes) -> None:
        if self._spool.size_bytes + len(data) > self._max_bytes:
            raise TooLarge(f"the study has more than limits.max_bytes = {self._max_bytes} bytes")
        self._spool.append(data)


def announced_instances(header: model_pb2.PredictHeader) -> tuple[InstanceReference, ...]:
    """The instances that a header announces. Raises `ContractBroken`."""
    if not header.job_key:
        raise ContractBroken("a PredictHeader without job_key")
    if not header.instances:
        raise ContractBroken("a PredictHeader that announces no instance")
    references = tuple(
        InstanceReference(each.study_instance_uid, each.series_instance_uid, each.sop_class_uid, each.sop_instance_uid)
        for each in header.instances
    )
    for place, reference in enumerate(references, start=1):
        if not all(_uids(reference)):
            raise ContractBroken(f"instance {place} is announced without all four of its UIDs")
    if len({reference.sop_instance_uid for reference in references}) < len(references):
        raise ContractBroken("a PredictHeader that announces an instance twice")
    return references


def _uids(reference: InstanceReference) -> tuple[str, str, str, str]:
    return (
        reference.study_instance_uid,
        reference.series_instance_uid,
        reference.sop_class_uid,
        reference.sop_instance_uid,
    )

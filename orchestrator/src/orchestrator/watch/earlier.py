"""Results that an earlier life of this ledger has stored: known by the job that each of them names.

After an old copy of the ledger was restored, Orthanc holds results that the ledger does not know.
The same study, model and input have the same job key, so that they are taken as what they are
instead of being made, and sent, a second time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from orchestrator.handoffs import ComposedObject, Digest, JobKey, ObjectKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from orchestrator.handoffs import Generation, OrthancId, StoredInstance
    from orchestrator.orthanc.archive import Archive

_JOB = re.compile(r"job=([0-9a-f]{64})")
_KINDS = {
    "1.2.840.10008.5.1.4.1.1.7": ObjectKind.CARD,
    "1.2.840.10008.5.1.4.1.1.66.4": ObjectKind.SEGMENTATION,
    "1.2.840.10008.5.1.4.1.1.88.50": ObjectKind.CAD,
    "1.2.840.10008.5.1.4.1.1.88.59": ObjectKind.NOTE,
}
"""By SOP class (PS3.4 B.5): Secondary Capture, Segmentation, Mammography CAD SR, Key Object Selection; all others are
reports."""
_BLOCK = 2**16


@dataclass(frozen=True, slots=True)
class EarlierObject:
    """An object of ours that the ledger does not know."""

    job_key: JobKey
    made: ComposedObject
    orthanc_id: OrthancId


def read(
    archive: Archive, content: Generation, our_series: Callable[[Collection[str]], Collection[str]]
) -> tuple[EarlierObject, ...]:
    """Those of a study; almost always none, without a request. Raises what the archive raises."""
    ours = [instance for instance in content.instances if instance.ours]
    if not ours:
        return ()
    known = our_series({instance.headers.series_instance_uid for instance in ours})
    unknown = [instance for instance in ours if instance.headers.series_instance_uid not in known]
    return tuple(_object(archive, instance, key) for instance in unknown if (key := _job(instance)) is not None)


def _job(instance: StoredInstance) -> JobKey | None:
    for item in instance.headers.items("ContributingEquipmentSequence"):
        if found := _JOB.fullmatch(item.text("ContributionDescription")):
            return JobKey(found[1])
    return None


def _object(archive: Archive, instance: StoredInstance, key: JobKey) -> EarlierObject:
    headers = instance.headers
    with archive.open_instance(instance.orthanc_id) as stream:
        content = b"".join(iter(lambda: stream.read(_BLOCK), b""))
    sop_class_uid = headers.text("SOPClassUID")
    made = ComposedObject(
        kind=_KINDS.get(sop_class_uid, ObjectKind.REPORT),
        sop_class_uid=sop_class_uid,
        sop_instance_uid=headers.sop_instance_uid,
        series_instance_uid=headers.series_instance_uid,
        content=content,
        sha256=Digest(sha256(content).hexdigest()),
    )
    return EarlierObject(key, made, instance.orthanc_id)

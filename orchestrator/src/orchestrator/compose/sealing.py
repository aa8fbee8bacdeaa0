"""Gives composed objects their UIDs, from their own content, and writes them.

"Same UID, same bytes; anything else, another UID" holds by construction: the UIDs of a series and
its instances are name-based over the job's key and the SHA-256 of the files with placeholders in
the place of these UIDs. So they cover the copied attributes, the settings, the composer's version
and whatever a new release of a library may draw or encode differently.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from orchestrator.compose.part10 import part10_file, with_encoded_sequences
from orchestrator.compose.uids import uid_for
from orchestrator.handoffs import ComposedObject, Digest, JobKey, ObjectKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom import Dataset


def sealed(job_key: JobKey, kind: ObjectKind, instances: Sequence[Dataset]) -> tuple[ComposedObject, ...]:
    """The instances of one series as files. The datasets get their UIDs."""
    contents = [sha256(part10_file(with_encoded_sequences(instance))).hexdigest() for instance in instances]
    series_instance_uid = uid_for("series", job_key, kind, *contents)
    for instance, content in zip(instances, contents, strict=True):
        instance.SeriesInstanceUID = series_instance_uid
        instance.SOPInstanceUID = uid_for("instance", series_instance_uid, content)
    return tuple(_object(kind, instance) for instance in instances)


def _object(kind: ObjectKind, instance: Dataset) -> ComposedObject:
    file = part10_file(instance)
    return ComposedObject(
        kind=kind,
        sop_class_uid=str(instance.SOPClassUID),
        sop_instance_uid=str(instance.SOPInstanceUID),
        series_instance_uid=str(instance.SeriesInstanceUID),
        content=file,
        sha256=Digest(sha256(file).hexdigest()),
    )

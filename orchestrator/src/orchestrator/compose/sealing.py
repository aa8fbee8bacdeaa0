"""Gives composed objects their UIDs, from their own content, and writes them.

"Same UID, same bytes; anything else, another UID" holds by construction: the UIDs of a series and
its instances are name-based over the job's key and the SHA-256 of the files with placeholders in
the place of these UIDs. So they cover the copied attributes, the settings, the composer's version
and whatever a new release of a library may draw or encode differently.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from orchestrator.compose.part10 import Draft, draft
from orchestrator.compose.uids import PLACEHOLDER_UID, uid_for
from orchestrator.handoffs import ComposedObject, Digest, JobKey, ObjectKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom import Dataset


def sealed(job_key: JobKey, kind: ObjectKind, instances: Sequence[Dataset]) -> tuple[ComposedObject, ...]:
    """The instances of one series as files with their UIDs."""
    drafts = [draft(instance) for instance in instances]
    contents = [sha256(each.file(PLACEHOLDER_UID, PLACEHOLDER_UID)).hexdigest() for each in drafts]
    series_instance_uid = uid_for("series", job_key, kind, *contents)
    return tuple(
        _object(kind, each, uid_for("instance", series_instance_uid, content), series_instance_uid)
        for each, content in zip(drafts, contents, strict=True)
    )


def _object(kind: ObjectKind, drafted: Draft, sop_instance_uid: str, series_instance_uid: str) -> ComposedObject:
    file = drafted.file(sop_instance_uid, series_instance_uid)
    return ComposedObject(
        kind=kind,
        sop_class_uid=drafted.sop_class_uid,
        sop_instance_uid=sop_instance_uid,
        series_instance_uid=series_instance_uid,
        content=file,
        sha256=Digest(sha256(file).hexdigest()),
    )

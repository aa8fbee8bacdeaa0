"""What makes two pieces of work the same."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from orchestrator.handoffs import Digest, JobKey, ModelIdentity, OrthancId

if TYPE_CHECKING:
    from collections.abc import Iterable


def digest_of_instances(sop_instance_uids: Iterable[str]) -> Digest:
    """SHA-256 over the sorted SOP instance UIDs: the same instances in any order give the same digest."""
    return Digest(sha256("\n".join(sorted(sop_instance_uids)).encode()).hexdigest())


def job_key(
    study: OrthancId,
    series_instance_uid: str,
    model: ModelIdentity,
    sop_instance_uids: Iterable[str],
    *,
    asked: bool = True,
) -> JobKey:
    """The identity of a job.

    The Orthanc study id holds the patient's id, so that a corrected patient is another study; the
    series counts for models that read series by series and is empty otherwise. A job that only says
    why the model was not `asked` is never the one that asks it about the same instances.
    """
    parts = [study, series_instance_uid, model.name, model.version, model.weights_sha256]
    parts.append(digest_of_instances(sop_instance_uids))
    parts += [] if asked else ["not asked"]
    return JobKey(sha256(json.dumps(parts).encode()).hexdigest())

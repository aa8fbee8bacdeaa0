"""An answer that is kept already: a model is not asked twice what it was shown once.

Asked for are only studies that are known to be related (the same one, others with its UID, the one
that Orthanc has made it from), so that a new study costs two look-ups in the ledger. Whether the
images are the same is not taken from their UIDs: each is read once more and its fingerprint compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.dispatch import client as dispatch_client
from orchestrator.dispatch import fingerprint
from orchestrator.dispatch.client import Answered
from orchestrator.dispatch.renaming import renamed
from orchestrator.jobs import answers, ledger, predictions
from orchestrator.jobs.input import input_from_json
from orchestrator.pipeline import gathering

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.handoffs import Digest
    from orchestrator.jobs.answers import KnownAnswer
    from orchestrator.jobs.input import JobInput
    from orchestrator.pipeline.tools import Tools


def recalled(tools: Tools, job: ledger.Job, wanted: JobInput, stop: Callable[[], bool]) -> Answered | None:
    """What exactly this model has said of exactly these images, under the UIDs that they have now; else None.

    Raises `InstanceUnreadable`, `Cancelled` when `stop` says so, and what the archive raises.
    """
    with tools.database.read() as connection:
        studies = answers.related(connection, job.study, wanted)
        known = [one for one in answers.of(connection, studies, job.model) if len(one.inputs) == len(wanted.selected)]
        needs = gathering.declaration(connection, job).needs if known else ()
    if not known:
        return None
    shown = fingerprint.of_instances(tools.archive, wanted.dispatched(), needs, stop)
    same = next((one for one in known if sorted(one.inputs.values()) == sorted(shown.values())), None)
    return None if same is None else _answered(tools, same, wanted, shown)


def _answered(tools: Tools, known: KnownAnswer, wanted: JobInput, shown: Mapping[str, Digest]) -> Answered:
    with tools.database.read() as connection:
        saved = predictions.load(connection, known.prediction_sha256)
        earlier = input_from_json(ledger.known(connection, known.job_key).input)
    content = renamed(saved.content, _names(known.inputs, shown, earlier, wanted))
    prediction = dispatch_client.decoded(content, saved.endpoint, saved.received_at)
    return Answered(prediction, content, source=None, inputs=shown)


def _names(
    before: Mapping[str, Digest], now: Mapping[str, Digest], earlier: JobInput, wanted: JobInput
) -> dict[str, str]:
    """UIDs of instances and series as they were → as they are; equal fingerprints belong together."""
    old = {one.reference.sop_instance_uid: one.reference for one in earlier.selected}
    new = {one.reference.sop_instance_uid: one.reference for one in wanted.selected}
    names: dict[str, str] = {}
    for was, is_now in zip(_in_order(before), _in_order(now), strict=True):
        names[was] = is_now
        names[old[was].series_instance_uid] = new[is_now].series_instance_uid
    return names


def _in_order(fingerprints: Mapping[str, Digest]) -> list[str]:
    return sorted(fingerprints, key=lambda uid: (fingerprints[uid], uid))

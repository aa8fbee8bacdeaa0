"""Corrections: the same instances again, with other attributes, in their study or under another patient.

A result names a patient, and rests on what the images' headers said. So:

- What says whose the result is, or what was selected, has changed: it is withdrawn at once, at its
  destinations too, and made anew.
- Something else of its images' headers has changed: it is made anew, and replaces itself if that
  makes a difference.
- Its images came again under another patient, and not as a copy without identity: it is withdrawn;
  the other study gets a result of its own.

In none of these is a model asked again that was shown exactly these images (`pipeline.recalling`).
"""

from __future__ import annotations

from enum import Enum
from hashlib import sha256
from json import dumps
from typing import TYPE_CHECKING

from orchestrator.compose.module_tables import module
from orchestrator.deliver import plan
from orchestrator.deliver.retract import RULE, Withdrawal, withdraw
from orchestrator.jobs import answers, judgements, ledger, predictions
from orchestrator.jobs.input import input_from_json
from orchestrator.jobs.states import ACTIVE, JobState
from orchestrator.telemetry import logs
from orchestrator.telemetry.events import Event
from wetread_contract.dictionary import tag

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import sqlalchemy as sa

    from orchestrator.compose.module_tables import AttributeRule
    from orchestrator.handoffs import Generation, JobKey
    from orchestrator.intake.slots import Case
    from orchestrator.jobs.input import JobInput
    from orchestrator.jobs.predictions import SavedPrediction
    from wetread_contract.headers import Headers

MODULES = ("patient", "clinical-trial-subject", "general-study", "patient-study", "clinical-trial-study")
"""Those that a result copies from its source (PS3.3 C.7.1, C.7.2): they say whose it is."""
_WORKLIST = "worklist"
"""Title of the rejection note: 113038, DCM, Incorrect Modality Worklist Entry (IHE IOCM)."""


class Correction(Enum):
    """How far the images of a job differ from what it was made of."""

    NONE = "nothing that it rests on has changed"
    HEADERS = "the headers of its images were corrected"
    IDENTITY = "the patient or study that it names was corrected"


def identity_sha256(headers: Headers) -> str:
    """SHA-256 over what a result would copy of these headers."""
    copied = {key: _copied(headers, module(key)) for key in MODULES}
    return sha256(dumps(copied, sort_keys=True).encode()).hexdigest()


def headers_sha256(content: Generation, sop_instance_uids: Collection[str]) -> str:
    """SHA-256 over all attributes of these instances of a study."""
    chosen = {one.headers.sop_instance_uid: one.headers_sha256 for one in content.instances if not one.ours}
    return sha256("\n".join(chosen.get(uid, "") for uid in sorted(sop_instance_uids)).encode()).hexdigest()


def correction(job: ledger.Job, wanted: JobInput) -> Correction:
    """What has changed since the job was made; nothing for jobs of releases that did not look."""
    made_of = input_from_json(job.input)
    if made_of.headers_sha256 in {"", wanted.headers_sha256}:
        return Correction.NONE
    same = (made_of.selected, made_of.identity_sha256) == (wanted.selected, wanted.identity_sha256)
    return Correction.HEADERS if same else Correction.IDENTITY


def begin_anew(
    connection: sa.Connection, case: Case, job: ledger.Job, wanted: JobInput, answer: SavedPrediction | None
) -> bool:
    """Has a job start over with its corrected input, its old result withdrawn first; False if there is no need.

    With an `answer` of ours it says that instead of asking the model.
    """
    found = correction(job, wanted)
    if found is Correction.NONE or job.state is JobState.CANCELLED:
        return False
    if _series(input_from_json(job.input)) != _series(wanted):  # the answer would name a series that is gone
        answers.drop(connection, job.key)
    prediction = None if answer is None else predictions.save(connection, answer)
    fresh = {"input": wanted.to_json(), "prediction_sha256": prediction}
    if job.state is JobState.DONE and found is Correction.IDENTITY:
        withdraw(connection, case.site, [job], Withdrawal(RULE, found.value, _WORKLIST, JobState.GONE, case.now))
        job = ledger.known(connection, job.key)
    if job.state is JobState.QUEUED and not job.engaged:
        ledger.change(connection, job, fresh)
    elif job.state is JobState.QUEUED:
        again = {"engaged": False, "attempt": job.attempt + 1, "not_before": case.now}
        ledger.change(connection, job, fresh | again)
    elif job.state in ACTIVE:  # another attempt, so that what the running one still does is refused
        changes = {**fresh, "engaged": False, "attempt": job.attempt + 1, "not_before": case.now}
        ledger.move(connection, job, JobState.QUEUED, case.now, reason=found.value, changes=changes)
    else:
        ledger.reopen(connection, job, case.now, found.value)
        ledger.change(connection, ledger.known(connection, job.key), fresh)
    logs.info(Event.STUDY_CORRECTED, job=logs.job(job.key), study=logs.short(job.study), reason=found.value)
    return True


def withdraw_unfounded(
    connection: sa.Connection, case: Case, asked_for: Collection[JobKey | None], *, is_new: bool
) -> None:
    """Withdraws what rests on images that are others now; `is_new`: these instances were not judged before."""
    _withdraw_outdated(connection, case, asked_for)
    if is_new:
        _withdraw_elsewhere(connection, case)


def _withdraw_outdated(connection: sa.Connection, case: Case, asked_for: Collection[JobKey | None]) -> None:
    """Withdraws results whose images were corrected in such a way that no model asks for them any more."""
    here = {one.headers.sop_instance_uid for one in case.content.instances}
    for job in ledger.listed(connection, states=[JobState.DONE], study=case.content.study):
        made_of = input_from_json(job.input)
        changed = made_of.headers_sha256 not in {"", headers_sha256(case.content, made_of.orthanc_ids)}
        if changed and job.key not in asked_for and set(made_of.orthanc_ids) <= here:
            why = "its images were corrected, and the rules do not match them any more"
            withdraw(connection, case.site, [job], Withdrawal(RULE, why, "quality", JobState.GONE, case.now))


def _withdraw_elsewhere(connection: sa.Connection, case: Case) -> None:
    """Withdraws results that rest on instances which have come again, under another patient.

    Not where the newcomer is a copy without identity, or one that Orthanc has made while its source
    stayed. Only a study that has come later takes them, whether at once or in parts: one that was
    there before, and grows, is judged late or is corrected, claims nothing.
    """
    foreign = [one.headers for one in case.content.instances if not one.ours]
    if not foreign or plan.origin_of(foreign[0], "", altered_from=case.content.altered_from).altered:
        return
    here = {headers.sop_instance_uid for headers in foreign}
    study = case.content.study
    came_at = min(judgements.updates(connection, study))
    related = answers.studies_called(connection, foreign[0].study_instance_uid) - {study}
    others = [one for one in related if all(at < came_at for at in judgements.updates(connection, one))]
    jobs = [job for other in sorted(others) for job in ledger.listed(connection, study=other)]
    moved = [job for job in jobs if _can_be_cancelled(job) and set(input_from_json(job.input).orthanc_ids) <= here]
    why = "its images came again under another patient, who has a result now"
    withdraw(connection, case.site, moved, Withdrawal(RULE, why, _WORKLIST, JobState.CANCELLED, case.now))


def _can_be_cancelled(job: ledger.Job) -> bool:
    return not job.shadow and job.state in ACTIVE | {JobState.QUEUED, JobState.DONE}


def _series(made_of: JobInput) -> set[str]:
    return {one.reference.series_instance_uid for one in made_of.selected}


def _copied(headers: Headers, rules: Iterable[AttributeRule]) -> Mapping[str, object]:
    """Values by keyword, of attributes that are there; those of sequences by item."""
    found: dict[str, object] = {}
    for rule in rules:
        named = tag(rule.keyword)
        if named is None:
            continue
        if rule.nested:
            items = [_copied(item, rule.nested) for item in headers.items(rule.keyword)]
            found.update({rule.keyword: items} if items else {})
        elif (written := headers.written(named)) is not None:
            found[rule.keyword] = written if isinstance(written, str) else "not shown"
    return found

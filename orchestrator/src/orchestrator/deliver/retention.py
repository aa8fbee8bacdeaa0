"""Clean-up that cannot destroy the only copy.

An instance goes only when a destination marked `archive: true` has shown, now, that it holds it;
our own objects go also when a destination that they were delivered to shows so. They go one by
one, by their own ids, never with the study: what comes meanwhile is in no list and stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.deliver import prove
from orchestrator.errors import Gone, Transient
from orchestrator.handoffs import OrthancId, Purpose
from orchestrator.jobs import deliveries, judgements, ledger, leftovers, news, shipments
from orchestrator.jobs.key import digest_of_instances
from orchestrator.jobs.states import DELIVERY_OPEN, ENDED, DeliveryState, JobState
from orchestrator.orthanc.remote import Reference
from orchestrator.telemetry import logs
from orchestrator.telemetry.events import Event
from wetread_contract.headers import Headers, made_by_wetread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from orchestrator.deliver.forward import Tools
    from orchestrator.settings import Site

DELIVERED, TOO_OLD, NO_ROOM = "delivered", "older_than", "keep_free"
"""Why a study is to go."""
LOOKS_AGAIN_FOR = timedelta(days=7)
"""How long after a first clean-up the rest is looked at again: an archive may get the images after our results."""
_UNSETTLED = DELIVERY_OPEN | {DeliveryState.FAILED, DeliveryState.EXPIRED}


@dataclass(frozen=True, slots=True)
class Goes:
    """An instance that may go, and where it has been shown to be."""

    removal: shipments.Removal
    ours: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would happen to one study, and why the rest stays."""

    study: OrthancId
    why: str
    """Why it is to go: `delivered`, `older_than`, `keep_free`."""
    goes: Sequence[Goes]
    stays: int
    because: str
    """Why what stays, stays; empty when everything goes."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A study that is to go if nothing stands against it."""

    study: OrthancId
    why: str


def candidates(
    connection: sa.Connection, site: Site, stored_bytes: Callable[[], int], now: datetime
) -> list[Candidate]:
    """Studies that are to go, the oldest first. Raises what the archive raises."""
    found: dict[OrthancId, str] = {}
    again = leftovers.cleaned_since(connection, now - LOOKS_AGAIN_FOR)
    for study, model in [*ledger.finished_studies(connection), *again]:
        if site.delivery.for_model(model).delete_after_transmit:
            found.setdefault(study, DELIVERED)
    aged = judgements.by_age(connection)
    if site.retention.older_than is not None:
        limit = now - site.retention.older_than
        found.update({study: TOO_OLD for study, last_update in aged if last_update < limit and study not in found})
    if _is_full(site, stored_bytes):
        found.update({study: NO_ROOM for study, _ in aged if study not in found})
    order = {study: number for number, (study, _) in enumerate(aged)}
    return [Candidate(study, found[study]) for study in sorted(found, key=lambda one: order.get(one, len(order)))]


def _is_full(site: Site, stored_bytes: Callable[[], int]) -> bool:
    capacity, keep_free = site.retention.capacity, site.retention.keep_free
    return capacity is not None and keep_free is not None and capacity - stored_bytes() < keep_free


def judge(tools: Tools, candidate: Candidate) -> Verdict:
    """What may go of a study now: everything is looked at and proven again. Raises what the archive raises."""
    study = candidate.study
    try:
        headers = {one: Headers.from_orthanc(tags) for one, tags in tools.archive.headers(study).items()}
    except Gone:
        return Verdict(study, candidate.why, (), 0, "it is no longer in Orthanc")
    with tools.database.read() as connection:
        ours = ledger.our_series(connection, {one.series_instance_uid for one in headers.values()})
        mine = {one for one, header in headers.items() if header.series_instance_uid in ours or made_by_wetread(header)}
        foreign = [header.sop_instance_uid for one, header in headers.items() if one not in mine]
        against = _against(connection, candidate, foreign)
    if against:
        return Verdict(study, candidate.why, (), len(headers), against)
    goes, trouble = _proven(tools, candidate, headers, mine)
    stays = len(headers) - len(goes)
    because = trouble or ("no archive has shown that it holds it" if stays else "")
    return Verdict(study, candidate.why, goes, stays, because)


def clean_up(tools: Tools, candidate: Candidate) -> Verdict:
    """Deletes what may go. The study is looked at once more before the first instance goes."""
    verdict = judge(tools, candidate)
    if not verdict.goes:
        return verdict
    now = tools.clock()
    with tools.database.write() as connection:
        shipments.note_removals(connection, [one.removal for one in verdict.goes], now)
    again = judge(tools, candidate)
    agreed = {one.removal.orthanc_id for one in again.goes}
    going = [one for one in verdict.goes if one.removal.orthanc_id in agreed]
    with tools.database.write() as connection:
        shipments.forget_removals(
            connection, [one.removal.orthanc_id for one in verdict.goes if one.removal.orthanc_id not in agreed]
        )
    for one in going:
        tools.archive.delete(one.removal.orthanc_id)
    with tools.database.write() as connection:
        ledger.withdraw(connection, [one.removal.sop_instance_uid for one in going if one.ours], tools.clock())
    logs.info(Event.STUDY_CLEANED_UP, study=logs.short(verdict.study), instances=len(going), stays=again.stays)
    return again


def run(tools: Tools) -> int:
    """Cleans up everything that may go, until there is room again; how many studies lost something."""
    site = tools.site()
    with tools.database.read() as connection:
        found = candidates(connection, site, tools.archive.stored_bytes, tools.clock())
    cleaned = 0
    for one in found:
        if one.why == NO_ROOM and not _is_full(site, tools.archive.stored_bytes):
            break
        cleaned += bool(clean_up(tools, one).goes)
    return cleaned


def _against(connection: sa.Connection, candidate: Candidate, foreign: Sequence[str]) -> str:
    """What stands against cleaning up a study that holds these instances of others; empty if nothing does."""
    study = candidate.study
    jobs = [job for job in ledger.listed(connection, study=study, limit=10_000) if not job.shadow]
    states = {one.state for one in deliveries.listed(connection, study=study) if one.key.purpose is Purpose.RESULT}
    removed = shipments.removed(connection, study)
    objections = {
        "no job of it is done": not any(job.state is JobState.DONE for job in jobs),
        "a job of it is not ended": any(job.state not in ENDED for job in jobs),
        "a job of it failed: look at it, then retry or cancel it": any(job.state is JobState.FAILED for job in jobs),
        "a delivery of it is held, under way, failed or expired": bool(states & _UNSETTLED),
        "nothing of it is delivered": candidate.why == DELIVERED and DeliveryState.DELIVERED not in states,
        "it has news that is not judged yet": news.is_waiting(connection, study),
        "it has changed since it was judged": not _is_judged(connection, study, foreign, removed),
    }
    return next((reason for reason, stands in objections.items() if stands), "")


def _is_judged(connection: sa.Connection, study: OrthancId, foreign: Sequence[str], removed: frozenset[str]) -> bool:
    whole = digest_of_instances({*foreign, *removed} - ledger.our_objects(connection, removed))
    return any(judgements.judged(connection, study, digest) for digest in (digest_of_instances(foreign), whole))


def _proven(
    tools: Tools, candidate: Candidate, headers: Mapping[OrthancId, Headers], mine: set[OrthancId]
) -> tuple[list[Goes], str]:
    """(what some destination shows to hold, why another could not be asked)."""
    site, trouble = tools.site(), ""
    found: dict[OrthancId, Goes] = {}
    with tools.database.read() as connection:
        delivered = {
            one.key.destination
            for one in deliveries.listed(connection, study=candidate.study)
            if one.state is DeliveryState.DELIVERED and one.key.purpose is Purpose.RESULT
        }
    archives = {name for name, one in site.destinations.items() if one.archive}
    for name in sorted(archives | delivered):
        asked = [one for one in headers if one not in found and (name in archives or one in mine)]
        with tools.database.read() as connection:
            references = _as_sent(name, {one: headers[one] for one in asked}, shipments.relabelled(connection, asked))
        try:
            shown = _shown(tools, name, list(references.values()))
        except Transient as error:
            trouble = f"{name} cannot be asked: {error}"
            continue
        for one in asked:
            uid, there = headers[one].sop_instance_uid, references[one].sop_instance_uid
            if there in shown:
                removal = shipments.Removal(one, uid, candidate.study, name, shown[there], candidate.why)
                found[one] = Goes(removal, one in mine)
    return list(found.values()), trouble


def _as_sent(
    destination: str, wanted: Mapping[OrthancId, Headers], relabelled: Sequence[shipments.Shipment]
) -> dict[OrthancId, Reference]:
    """What the destination is asked for: what went there in another form has another UID there."""
    asked = {
        instance: Reference(
            one.text("StudyInstanceUID"), one.series_instance_uid, one.sop_class_uid, one.sop_instance_uid
        )
        for instance, one in wanted.items()
    }
    there = [one for one in relabelled if one.key.destination == destination]
    sent = zip(there, prove.references_of(there), strict=True)
    return asked | {shipment.orthanc_id: reference for shipment, reference in sent}


def _shown(tools: Tools, name: str, references: Sequence[Reference]) -> Mapping[str, str]:
    destination = tools.site().destination(name)
    if destination.proven_by:
        destination = tools.site().destination(destination.proven_by)
    if destination.kind == "peer":
        return {}
    return prove.held(tools.remote(destination), destination, references)

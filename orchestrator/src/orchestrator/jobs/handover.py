"""Jobs of a model version that no container serves any more go to the version that is active now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.jobs import catalogue, ledger, news, turns
from orchestrator.jobs.states import JobState
from orchestrator.telemetry import logs
from orchestrator.telemetry.events import Event

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from orchestrator.handoffs import ModelIdentity, RegisteredModel
    from orchestrator.jobs.database import Database


def hand_on(database: Database, active: Sequence[RegisteredModel], grace: timedelta, now: datetime) -> int:
    """Ends unstarted jobs of versions that have not answered for `grace` while another one is active; how many.

    Their studies are judged by the active version's rules, which makes their jobs anew.
    """
    serving = {model.identity.name: model.identity for model in active if not model.shadow}
    with database.write() as connection:
        silent = [job for job in turns.due(connection, now) if _is_other(job, serving)]
        last_seen = {model.identity: model.last_seen for model in catalogue.known(connection)} if silent else {}
        handed = [job for job in silent if _gone_for(last_seen, job.model, now) >= grace]
        for job in handed:
            reason = f"{job.model.version} answers no more; {serving[job.model.name].version} is active"
            ledger.move(connection, job, JobState.SUPERSEDED, now, reason=reason)
            news.ask(connection, job.study, {job.model.name: "handed on"}, job.noticed_at, now)
            logs.info(Event.JOB_SUPERSEDED, job=logs.job(job.key), study=logs.short(job.study), reason=reason)
    return len(handed)


def _is_other(job: ledger.Job, serving: dict[str, ModelIdentity]) -> bool:
    active = serving.get(job.model.name)
    return active is not None and (active.version, active.weights_sha256) != (
        job.model.version,
        job.model.weights_sha256,
    )


def _gone_for(last_seen: dict[ModelIdentity, datetime], model: ModelIdentity, now: datetime) -> timedelta:
    moments = [
        seen
        for identity, seen in last_seen.items()
        if (identity.name, identity.version, identity.weights_sha256)
        == (model.name, model.version, model.weights_sha256)
    ]
    return now - max(moments, default=now)

"""What was decided about every generation of every study, and by whose rules."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from orchestrator.handoffs import Digest, JobKey, Match, ModelIdentity
from orchestrator.jobs.tables import DECISIONS, GENERATIONS
from wetread_contract.judgement import (
    Clause,
    InstanceReference,
    Judgement,
    LeftOutInstance,
    Outcome,
    SelectedInstance,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from orchestrator.handoffs import Generation, OrthancId


_OF_GENERATION = (DECISIONS.c.study == sa.bindparam("study"), DECISIONS.c.digest == sa.bindparam("digest"))
_MODELS_OF_GENERATION = sa.select(DECISIONS.c.model).where(*_OF_GENERATION).distinct()
_INCOMPLETE = sa.select(DECISIONS.c.model).where(*_OF_GENERATION, DECISIONS.c.outcome == "INCOMPLETE").limit(1)
_GENERATION = sa.select(GENERATIONS).where(
    GENERATIONS.c.study == sa.bindparam("study"), GENERATIONS.c.digest == sa.bindparam("digest")
)
"""Asked for every study: built once, which takes longer than running them."""


@dataclass(frozen=True, slots=True)
class JudgedGeneration:
    """A content of a study that has been judged before."""

    last_update: datetime
    judged_at: datetime
    models: frozenset[str]
    """Names of the models whose rules it was judged by."""
    headers_sha256: str
    """Over its attributes as they were then; empty where an older release has judged it."""


def judged(connection: sa.Connection, study: OrthancId, digest: Digest) -> JudgedGeneration | None:
    """What is known about this content, or None if it is new."""
    row = connection.execute(_GENERATION, {"study": study, "digest": digest}).one_or_none()
    if row is None:
        return None
    models = connection.execute(_MODELS_OF_GENERATION, {"study": study, "digest": digest}).scalars()
    return JudgedGeneration(row.last_update, row.judged_at, frozenset(models), row.headers_sha256)


def record_generation(connection: sa.Connection, generation: Generation, judged_at: datetime) -> None:
    """This content of the study is judged; once more where its attributes were corrected."""
    foreign = [one.headers.study_instance_uid for one in generation.instances if not one.ours]
    mine = sa.and_(GENERATIONS.c.study == generation.study, GENERATIONS.c.digest == generation.digest)
    connection.execute(sa.delete(GENERATIONS).where(mine))
    connection.execute(
        sa.insert(GENERATIONS).values(
            study=generation.study,
            digest=generation.digest,
            instance_count=len(generation.instances),
            last_update=generation.last_update,
            judged_at=judged_at,
            study_instance_uid=foreign[0] if foreign else "",
            headers_sha256=generation.headers_sha256,
        )
    )


def updates(connection: sa.Connection, study: OrthancId) -> list[datetime]:
    """When each content of a study that was judged had last changed."""
    return list(connection.execute(sa.select(GENERATIONS.c.last_update).where(GENERATIONS.c.study == study)).scalars())


def note_headers(connection: sa.Connection, generation: Generation) -> None:
    """Notes the attributes of a content that an older release has judged: from now on a correction is seen."""
    mine = sa.and_(GENERATIONS.c.study == generation.study, GENERATIONS.c.digest == generation.digest)
    connection.execute(sa.update(GENERATIONS).where(mine).values(headers_sha256=generation.headers_sha256))


def last_instance_at(connection: sa.Connection, study: OrthancId, job_key: JobKey) -> datetime | None:
    """When the content of a study that first made this job was complete, by Orthanc's clock in whole seconds."""
    first = (
        sa.select(sa.func.min(GENERATIONS.c.last_update))
        .join(DECISIONS, (DECISIONS.c.study == GENERATIONS.c.study) & (DECISIONS.c.digest == GENERATIONS.c.digest))
        .where(GENERATIONS.c.study == study, DECISIONS.c.job_key == job_key)
    )
    found: datetime | None = connection.execute(first).scalar_one()
    return found


def judged_since(connection: sa.Connection, moment: datetime) -> list[OrthancId]:
    """Studies of which a content was judged since then: what a model that is new to the site looks at."""
    statement = sa.select(GENERATIONS.c.study).where(GENERATIONS.c.judged_at >= moment).distinct()
    return list(connection.execute(statement).scalars())


def forget(connection: sa.Connection, generation: Generation, models: Collection[str]) -> None:
    """Takes back what these models' rules said about this content: they are asked again."""
    connection.execute(
        sa.delete(DECISIONS).where(
            DECISIONS.c.study == generation.study,
            DECISIONS.c.digest == generation.digest,
            DECISIONS.c.model.in_(list(models)),
        )
    )


def record(
    connection: sa.Connection,
    generation: Generation,
    matched: Match,
    *,
    site_file_sha256: str,
    job_key: JobKey | None,
    decided_at: datetime,
) -> None:
    """What one model's rules say about this content."""
    connection.execute(
        sa.insert(DECISIONS).values(
            study=generation.study,
            digest=generation.digest,
            model=matched.model.name,
            version=matched.model.version,
            series_instance_uid=matched.judgement.series_instance_uid,
            weights_sha256=matched.model.weights_sha256,
            declaration_sha256=matched.model.declaration_sha256,
            site_file_sha256=site_file_sha256,
            outcome=matched.judgement.outcome.value,
            judgement=asdict(matched.judgement),
            job_key=job_key,
            decided_at=decided_at,
        )
    )


def give_up_incomplete(
    connection: sa.Connection, study: OrthancId, digest: Digest, decided_at: datetime
) -> list[Match]:
    """Turns what is still INCOMPLETE about this content into UNSUITABLE; those decisions, as they are now."""
    mine = sa.and_(DECISIONS.c.study == study, DECISIONS.c.digest == digest, DECISIONS.c.outcome == "INCOMPLETE")
    found = connection.execute(sa.select(DECISIONS).where(mine)).all()
    connection.execute(sa.update(DECISIONS).where(mine).values(outcome="UNSUITABLE", decided_at=decided_at))
    return [_given_up(row) for row in found]


def _given_up(row: sa.Row[Any]) -> Match:
    model = ModelIdentity(row.model, row.version, Digest(row.weights_sha256), Digest(row.declaration_sha256))
    return Match(model, replace(judgement_of(row), outcome=Outcome.UNSUITABLE))


def note_job(connection: sa.Connection, generation: Generation, matched: Match, key: JobKey) -> None:
    """This decision has made a job after all."""
    mine = sa.and_(
        DECISIONS.c.study == generation.study,
        DECISIONS.c.digest == generation.digest,
        DECISIONS.c.model == matched.model.name,
        DECISIONS.c.version == matched.model.version,
        DECISIONS.c.series_instance_uid == matched.judgement.series_instance_uid,
    )
    connection.execute(sa.update(DECISIONS).where(mine).values(job_key=key))


def latest(connection: sa.Connection, study: OrthancId) -> Sequence[sa.Row[Any]]:
    """The decisions about the content that was judged last, by model."""
    newest = (
        sa.select(GENERATIONS.c.digest)
        .where(GENERATIONS.c.study == study)
        .order_by(GENERATIONS.c.judged_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        sa.select(DECISIONS)
        .where(DECISIONS.c.study == study, DECISIONS.c.digest == newest)
        .order_by(DECISIONS.c.model, DECISIONS.c.version, DECISIONS.c.series_instance_uid)
    )
    return connection.execute(statement).all()


def matches(connection: sa.Connection, study: OrthancId, digest: Digest) -> dict[tuple[str, str], list[JobKey]]:
    """The jobs that this content has asked for, by (model, series); of several versions the last to decide first."""
    mine = sa.and_(DECISIONS.c.study == study, DECISIONS.c.digest == digest, DECISIONS.c.job_key.is_not(None))
    found: dict[tuple[str, str], list[JobKey]] = {}
    for row in connection.execute(sa.select(DECISIONS).where(mine).order_by(DECISIONS.c.decided_at.desc())):
        found.setdefault((row.model, row.series_instance_uid), []).append(JobKey(row.job_key))
    return found


def has_incomplete(connection: sa.Connection, study: OrthancId, digest: Digest) -> bool:
    """Whether some model still waits for more of this content."""
    return connection.execute(_INCOMPLETE, {"study": study, "digest": digest}).one_or_none() is not None


def studies_named(connection: sa.Connection, digits: str) -> list[OrthancId]:
    """Judged studies whose Orthanc id starts so; at most two, which is already too many."""
    mine = sa.select(GENERATIONS.c.study).where(GENERATIONS.c.study.startswith(digits, autoescape=True))
    return list(connection.execute(mine.distinct().limit(2)).scalars())


def judgement_of(row: sa.Row[Any]) -> Judgement:
    """A decision's judgement as a value again."""
    kept = row.judgement
    return Judgement(
        outcome=Outcome(row.outcome),
        selected=tuple(
            SelectedInstance(InstanceReference(**one["reference"]), one["facts"]) for one in kept["selected"]
        ),
        left_out=tuple(
            LeftOutInstance(InstanceReference(**one["reference"]), one["reason"], one["facts"])
            for one in kept["left_out"]
        ),
        reasons=tuple(kept["reasons"]),
        tree=tuple(_clause(clause) for clause in kept["tree"]),
        series_instance_uid=row.series_instance_uid,
    )


def _clause(kept: Mapping[str, Any]) -> Clause:
    return Clause(**{**kept, "children": tuple(_clause(child) for child in kept["children"])})


def by_age(connection: sa.Connection) -> list[tuple[OrthancId, datetime]]:
    """Every study with the moment of its last change, the oldest first."""
    newest = sa.func.max(GENERATIONS.c.last_update).label("newest")
    statement = sa.select(GENERATIONS.c.study, newest).group_by(GENERATIONS.c.study).order_by(newest)
    return [(row.study, row.newest) for row in connection.execute(statement)]

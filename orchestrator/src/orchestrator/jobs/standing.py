"""Whether what was decided and made before still stands, or a study is news again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from orchestrator.handoffs import ObjectKind
from orchestrator.jobs import ledger
from orchestrator.jobs.states import JobState

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    import sqlalchemy as sa

    from orchestrator.handoffs import OrthancId, RegisteredModel
    from orchestrator.jobs.judgements import JudgedGeneration

NEW_NAME_LOOKS_BACK = timedelta(hours=1)
"""A model whose name is new to the site is judged against what came within this time."""
REOPENED = frozenset({JobState.GONE, JobState.SUPERSEDED})
"""What the same content, seen again, takes up again."""
_SAME_MOMENT = timedelta(minutes=1)
"""A model is known a moment before it is asked: a study that was judged in between is news to it."""


def stands(connection: sa.Connection, job: ledger.Job, present: Collection[OrthancId], noticed_at: datetime) -> bool:
    """Whether a job needs no taking up: it is on its way, was ended by itself or a person, or its result is there.

    `present` are the instances that were there when the news of `noticed_at` was read. A job that
    finished after the news may have its result in Orthanc since then; one whose result was
    withdrawn, by a person or because it is safe elsewhere, is left as it is.
    """
    if job.state is not JobState.DONE or job.shadow:
        return job.state not in REOPENED
    noted = [one for one in ledger.results(connection, [job.key]) if one.kind != ObjectKind.COPY]
    return job.state_since >= noticed_at or all(one.orthanc_id in present for one in noted)


def is_news_to(model: RegisteredModel, known: JudgedGeneration | None, now: datetime) -> bool:
    """Whether a content is to be judged by a model without anybody asking: a new one, or a new name just after it."""
    if known is None:
        return True
    recent = known.judged_at >= now - NEW_NAME_LOOKS_BACK
    return recent and model.identity.name not in known.models and model.known_since > known.judged_at - _SAME_MOMENT

"""One job's walk: dispatch → compose → store; the only module that knows that order.

    QUEUED ──predict──▶ PREDICTING ──(saved)──▶ COMPOSING ──store──▶ STORING ──(read back)──▶ DONE

Each step may be run again after a crash, at any point. Before every effect the walk looks whether
the job is still its own: a job that was cancelled, replaced or taken up by a later attempt is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.jobs.engine import Step
from orchestrator.pipeline.tools import Tools
from orchestrator.pipeline.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.handoffs import JobKey

__all__ = ["Tools", "steps"]


def steps(tools: Tools, key: JobKey, attempt: int) -> Sequence[Step]:
    """The steps of one attempt at a job."""
    walk = Walk(tools, key, attempt)
    return Step("predict", walk.predict), Step("store", walk.store)

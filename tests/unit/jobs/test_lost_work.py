"""Work that the engine has given up, as it does when the database goes away under it, is begun again soon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest
from tests.unit.jobs.conftest import JOB, NOW

from orchestrator.jobs import ledger, sweep, turns
from orchestrator.jobs.states import JobState

if TYPE_CHECKING:
    from orchestrator.handoffs import JobKey
    from orchestrator.jobs.database import Database
    from orchestrator.jobs.engine import Engine


@dataclass(frozen=True)
class Remembering:
    """An engine that has these attempts, and does nothing."""

    attempts: frozenset[tuple[JobKey, int]] = frozenset()

    def unfinished(self) -> frozenset[tuple[JobKey, int]]:
        return self.attempts


@pytest.fixture
def predicting(ledger_with_a_job: Database) -> Database:
    """Its job is with the model, as its first attempt."""
    with ledger_with_a_job.write() as connection:
        assert ledger.engage(connection, ledger.known(connection, JOB)) == 1
        assert ledger.move(connection, ledger.known(connection, JOB), JobState.PREDICTING, NOW)
    return ledger_with_a_job


@pytest.mark.parametrize(
    ("attempts", "after_s", "freed"), [((), 6, 1), ((), 4, 0), (((JOB, 1),), 3600, 0), (((JOB, 0),), 6, 1)]
)
def test_a_job_is_due_again_when_the_engine_has_not_had_its_attempt_for_five_seconds(
    predicting: Database, attempts: tuple[tuple[JobKey, int], ...], after_s: int, freed: int
) -> None:
    now = NOW + timedelta(seconds=after_s)

    assert sweep.take_back(predicting, cast("Engine", Remembering(frozenset(attempts))), now) == freed

    with predicting.read() as connection:
        assert len(turns.due(connection, now)) == freed
        assert ledger.known(connection, JOB).failures == freed

"""What a person does to jobs: done once it has its effect, done twice no second one, and all of it is recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator.jobs import audit, crashes, halts, ledger, sweep
from orchestrator.jobs.states import JobState
from orchestrator.operations import jobs as acts

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.handoffs import JobKey
    from orchestrator.jobs.database import Database

    OpenJob = Callable[..., JobKey]

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ACT = acts.Act("ana", "told to", NOW)


class Enqueued:
    """Takes what the sweep hands over."""

    def __init__(self) -> None:
        self.models: list[str] = []

    def enqueue(self, connection: object, key: JobKey, attempt: int, model: str, priority: int) -> None:
        del connection, key, attempt, priority
        self.models.append(model)

    def wake(self) -> None:
        pass


def _move(database: Database, key: JobKey, *states: JobState) -> None:
    for state in states:
        with database.write() as connection:
            job = ledger.find(connection, key)
            assert job is not None
            assert ledger.move(connection, job, state, NOW)


def _job(database: Database, key: JobKey) -> ledger.Job:
    with database.read() as connection:
        job = ledger.find(connection, key)
    assert job is not None
    return job


def _die(database: Database, key: JobKey, times: int) -> None:
    for _ in range(times):
        if _job(database, key).state is JobState.QUEUED:
            _move(database, key, JobState.PREDICTING)
        with database.write() as connection:
            crashes.mark_executing(connection, _job(database, key))
        sweep.take_stock(database, NOW)


def _acts(database: Database, subject: str) -> list[str]:
    with database.read() as connection:
        return [row.what for row in audit.of(connection, subject)]


def _swept(database: Database, at_most: int = 10) -> list[str]:
    engine = Enqueued()
    sweep.start_due(database, engine, lambda _: 99, NOW, at_most)  # type: ignore[arg-type]
    return engine.models


def test_a_cancelled_job_is_no_longer_its_walks_and_cancelling_again_is_no_act(
    database: Database, open_job: OpenJob
) -> None:
    key = open_job("a1")
    _move(database, key, JobState.PREDICTING)
    running = _job(database, key)

    first = acts.cancel(database, ["a1"], ACT)
    second = acts.cancel(database, ["a1"], ACT)

    assert ([job.key for job in first], second) == ([key], [])
    with database.read() as connection:
        assert not ledger.still(connection, running)
    assert _acts(database, f"job {key}") == ["cancel"]


def test_a_finished_job_is_not_cancelled(database: Database, open_job: OpenJob) -> None:
    key = open_job("a1")
    _move(database, key, JobState.COMPOSING, JobState.STORING, JobState.DONE)

    assert acts.cancel(database, ["a1"], ACT) == []
    assert _job(database, key).state is JobState.DONE


def test_a_failed_job_is_taken_up_again_with_a_fresh_crash_budget(database: Database, open_job: OpenJob) -> None:
    key = open_job("a1")
    _move(database, key, JobState.PREDICTING)
    with database.write() as connection:
        crashes.count_crash(connection, _job(database, key))
    _move(database, key, JobState.FAILED)

    acts.retry(database, ["a1"], ACT)

    job = _job(database, key)
    assert (job.state, job.crashes) == (JobState.QUEUED, 0)
    assert "ana" in job.reason
    assert _acts(database, f"job {key}") == ["retry"]


def test_a_waiting_job_is_tried_at_once(database: Database, open_job: OpenJob) -> None:
    key = open_job("a1")
    with database.write() as connection:
        ledger.wait(connection, _job(database, key), NOW + timedelta(hours=4), NOW, "model is down", failed=True)
    assert _swept(database) == []

    acts.retry(database, ["a1"], ACT)

    assert _swept(database) == ["brdensity"]


def test_a_job_in_work_is_left_alone_by_retry(database: Database, open_job: OpenJob) -> None:
    key = open_job("a1")
    _move(database, key, JobState.PREDICTING)

    assert acts.retry(database, ["a1"], ACT) == []
    assert _acts(database, f"job {key}") == []


def test_a_job_that_a_newer_one_has_replaced_is_not_retried(database: Database, open_job: OpenJob) -> None:
    old, new = open_job("a1"), open_job("b1")
    _move(database, old, JobState.SUPERSEDED)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET created_at = ? WHERE key = ?", ("2026-03-03T00:00:00.000000Z", new))

    with pytest.raises(acts.NotPossible, match="replaced by b1000000"):
        acts.retry(database, ["a1"], ACT)


@pytest.mark.parametrize("digits", ["zz", "a"])
def test_a_name_that_fits_no_job_or_several_changes_nothing(database: Database, open_job: OpenJob, digits: str) -> None:
    keys = open_job("a1"), open_job("a2")

    with pytest.raises(acts.JobUnknown):
        acts.cancel(database, ["a1", digits], ACT)

    assert {_job(database, key).state for key in keys} == {JobState.QUEUED}


def test_a_paused_model_gets_no_work_until_it_is_resumed(database: Database, open_job: OpenJob) -> None:
    open_job("a1")
    open_job("b1", name="other")
    assert acts.pause(database, "brdensity", ACT)
    assert not acts.pause(database, "brdensity", ACT)

    assert _swept(database) == ["other"]

    assert acts.resume(database, "brdensity", ACT)
    assert not acts.resume(database, "brdensity", ACT)
    assert _swept(database) == ["brdensity"]
    assert _acts(database, "model brdensity") == ["pause", "resume"]


def test_a_pause_of_everything_holds_every_model_and_survives_a_restart(database: Database, open_job: OpenJob) -> None:
    open_job("a1")
    acts.pause(database, halts.EVERYTHING, ACT)
    database.close()

    database.migrate()

    assert _swept(database) == []
    assert [(halt.name, halt.who, halt.why) for halt in acts.pauses(database)] == [("", "ana", "told to")]


def test_a_model_that_was_never_here_is_not_paused(database: Database) -> None:
    with pytest.raises(acts.NotPossible, match="known: brdensity"):
        acts.pause(database, "brdensty", ACT)


def test_a_flooded_model_leaves_room_for_the_others(database: Database, open_job: OpenJob) -> None:
    for number in range(8):
        open_job(f"a{number}")
    open_job("b1", name="other")

    assert sorted(_swept(database, at_most=4)) == ["brdensity"] * 3 + ["other"]


def test_three_hundred_jobs_of_a_model_that_is_down_do_not_hide_the_others(
    database: Database, open_job: OpenJob
) -> None:
    for number in range(300):
        open_job(f"a{number:03}", name="down")
    open_job("b1")
    engine = Enqueued()

    sweep.start_due(database, engine, lambda model: 0 if model.name == "down" else 99, NOW, 4)  # type: ignore[arg-type]

    assert engine.models == ["brdensity"]


def test_an_urgent_job_overtakes(database: Database, open_job: OpenJob) -> None:
    open_job("a1", name="routine")
    open_job("b1", name="urgent", priority=ledger.STAT_PRIORITY)

    assert _swept(database, at_most=1) == ["urgent"]


def test_a_start_that_is_killed_before_it_works_costs_a_job_nothing(database: Database, open_job: OpenJob) -> None:
    key = open_job("a1")
    _move(database, key, JobState.PREDICTING)

    for _ in range(5):
        sweep.take_stock(database, NOW)

    assert (_job(database, key).crashes, _job(database, key).state) == (1, JobState.PREDICTING)


def test_a_job_that_is_being_worked_on_at_three_deaths_fails(database: Database, open_job: OpenJob) -> None:
    key = open_job("a1")

    _die(database, key, 3)

    job = _job(database, key)
    assert job.state is JobState.FAILED
    assert "died 3 times" in job.reason


def test_a_job_that_was_there_at_two_deaths_waits_until_it_can_run_alone(database: Database, open_job: OpenJob) -> None:
    suspect = open_job("a1")
    _swept(database)
    attempt = _job(database, suspect).attempt
    _die(database, suspect, 2)
    job = _job(database, suspect)
    assert (job.state, job.engaged) == (JobState.QUEUED, False)
    assert job.attempt > attempt
    other = open_job("b1", name="other")
    with database.write() as connection:
        ledger.engage(connection, _job(database, other))
    open_job("c1", name="third")
    assert _swept(database) == []

    _move(database, other, JobState.PREDICTING, JobState.UNSUITABLE)

    assert _swept(database) == ["brdensity"]
    assert _swept(database) == []
    _move(database, suspect, JobState.PREDICTING, JobState.UNSUITABLE)
    assert _swept(database) == ["third"]


def test_a_stop_in_order_is_no_death(database: Database, open_job: OpenJob) -> None:
    key = open_job("a1")
    _move(database, key, JobState.PREDICTING)
    assert _job(database, key).executing

    with database.write() as connection:
        crashes.forgive(connection)
    sweep.take_stock(database, NOW)

    assert (_job(database, key).crashes, _job(database, key).state) == (0, JobState.PREDICTING)

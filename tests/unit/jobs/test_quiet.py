"""When a study counts as quiet, and what ends and renews the waiting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator.handoffs import Digest, Generation, OrthancId
from orchestrator.jobs import news, quiet
from orchestrator.watch import early

if TYPE_CHECKING:
    from orchestrator.handoffs import RegisteredModel
    from orchestrator.jobs.database import Database

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
STUDY = OrthancId("s1")
FIVE = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)


def content(digest: str, last_update: datetime = NOW, *, stable: bool = True) -> Generation:
    return Generation(STUDY, Digest(digest), last_update, (), stable=stable)


def until(database: Database) -> datetime | None:
    with database.read() as connection:
        calm = quiet.of(connection, STUDY)
    assert calm is not None
    return calm.until(FIVE)


def test_a_study_that_nobody_counted_is_quiet(database: Database) -> None:
    with database.read() as connection:
        assert quiet.of(connection, STUDY) is None


def test_results_wait_from_the_last_instance_on(database: Database) -> None:
    with database.write() as connection:
        quiet.note(connection, content("a"))

    assert until(database) == NOW + FIVE


def test_while_a_study_is_unstable_nobody_knows_when(database: Database) -> None:
    with database.write() as connection:
        quiet.note(connection, content("a", stable=False))

    assert until(database) is None


def test_our_own_results_neither_prolong_the_quiet_nor_unsettle_the_study(database: Database) -> None:
    with database.write() as connection:
        quiet.note(connection, content("a"))
        quiet.note(connection, content("a", NOW + MINUTE, stable=False))

    assert until(database) == NOW + FIVE


def test_an_instance_that_comes_late_renews_the_waiting_before_it_is_judged(database: Database) -> None:
    with database.write() as connection:
        quiet.note(connection, content("a"))
        quiet.note_growth(connection, STUDY, NOW + MINUTE)
    assert until(database) is None

    with database.write() as connection:
        quiet.note(connection, content("b", NOW + 3 * MINUTE))
    assert until(database) == NOW + MINUTE + FIVE


def test_complete_ends_the_waiting_until_something_comes(database: Database) -> None:
    with database.write() as connection:
        quiet.note(connection, content("a", stable=False))
        assert quiet.complete(connection, content("a"))
        assert not quiet.complete(connection, content("a"))
    assert until(database) == NOW

    with database.write() as connection:
        quiet.note_growth(connection, STUDY, NOW + MINUTE)
    assert until(database) is None
    with database.write() as connection:
        quiet.note(connection, content("b", NOW + MINUTE))
    assert until(database) == NOW + MINUTE + FIVE


def test_an_instance_whose_study_was_read_meanwhile_is_no_growth(database: Database) -> None:
    with database.write() as connection:
        news.note_arrivals(connection, [OrthancId("i1"), OrthancId("i2")], NOW)
        news.drop_arrivals(connection, [OrthancId("i2")])

        assert quiet.place(connection, OrthancId("i1"), STUDY)
        assert not quiet.place(connection, OrthancId("i2"), STUDY)
        assert quiet.coming(connection) == [quiet.Coming(STUDY, NOW, None)]
        assert quiet.unplaced(connection, 10) == []


@pytest.fixture
def eager() -> list[early.Eager]:
    models: list[RegisteredModel] = ["quick", "slow"]  # type: ignore[list-item]  # nothing of a model is looked at
    return [early.Eager(model, timedelta(seconds=s)) for model, s in zip(models, (2, 30), strict=True)]


@pytest.mark.parametrize(
    ("quiet_for", "looked", "models"),
    [
        (1, None, None),
        (2, None, ("quick",)),
        (3, 2, None),
        (31, 2, ("quick", "slow")),
        (40, 31, None),
        (40, -10, ("quick", "slow")),
    ],
    ids=["still coming", "ready for one", "looked at", "ready for both", "done", "grown since"],
)
def test_a_study_is_looked_at_once_for_each_pause_that_a_model_asks_for(
    eager: list[early.Eager], quiet_for: int, looked: int | None, models: tuple[str, ...] | None
) -> None:
    looked_at = None if looked is None else NOW + timedelta(seconds=looked)
    coming = quiet.Coming(STUDY, NOW, looked_at)

    look = early.look(coming, eager, NOW + timedelta(seconds=quiet_for))

    assert (None if look is None else look.models) == models

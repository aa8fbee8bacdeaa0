"""Whether a page of the change log is still of the log that was read before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from orchestrator.handoffs import OrthancId
from orchestrator.jobs import news
from orchestrator.jobs.database import Database
from orchestrator.orthanc.archive import Change, ChangesPage
from orchestrator.watch import changes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def change(seq: int, *, kind: str = "NewInstance", named: str = "one", date: str = "20260302T100000") -> Change:
    return Change(seq, kind, OrthancId(named), date)


def page(*found: Change, last: int | None = None) -> ChangesPage:
    return ChangesPage(found, found[-1].seq if last is None else last, done=True)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A ledger that has read nothing yet."""
    made = Database(f"sqlite:///{tmp_path}/ledger.db")
    made.migrate()
    with made.write() as connection:
        news.start_cursor(connection, 4, NOW)
    yield made
    made.close()


def place(database: Database) -> news.Cursor:
    with database.read() as connection:
        found = news.cursor(connection)
    assert found is not None
    return found


def read(database: Database, *found: Change) -> changes.Noted:
    with database.write() as connection:
        return changes.note(connection, page(*found), place(database), NOW)


def test_a_page_is_known_by_the_change_that_was_read_last(database: Database) -> None:
    read(database, change(5), change(6))
    here = place(database)

    assert here.seq == 6
    assert not changes.of_another_log(page(change(6)), here)
    assert not changes.of_another_log(page(change(6), change(7, named="two")), here)


@pytest.mark.parametrize(
    "other", [change(6, kind="StableStudy"), change(6, named="two"), change(6, date="20260302T100001")]
)
def test_another_change_at_our_place_is_of_another_log(database: Database, other: Change) -> None:
    read(database, change(5), change(6))

    assert changes.of_another_log(page(other, change(7)), place(database))


def test_a_log_that_ends_before_our_place_is_another_one(database: Database) -> None:
    read(database, change(6))

    assert changes.of_another_log(page(last=5), place(database))
    assert not changes.of_another_log(page(last=6), place(database)), "its change has gone with its study"


def test_a_change_that_has_gone_with_its_study_proves_nothing(database: Database) -> None:
    read(database, change(6))

    assert not changes.of_another_log(page(change(9, named="two")), place(database))


def test_the_change_at_our_place_is_not_noted_twice_and_is_nothing_new(database: Database) -> None:
    read(database, change(6, kind="StableStudy"))
    with database.write() as connection:
        for waiting in news.waiting(connection, NOW):
            news.settle(connection, waiting)

    assert not changes.says_more(page(change(6, kind="StableStudy")), place(database))
    noted = read(database, change(6, kind="StableStudy"), change(7))

    assert noted == changes.Noted(studies=(), arrivals=1)
    assert place(database).seq == 7


def test_a_place_from_before_marks_were_kept_gets_its_mark_without_anything_being_noted(database: Database) -> None:
    here = place(database)
    assert (here.seq, here.mark) == (4, None)
    assert not changes.of_another_log(page(change(4)), here)
    assert changes.says_more(page(change(4)), here)

    assert read(database, change(4)) == changes.Noted(studies=(), arrivals=0)

    assert place(database).mark
    assert not changes.says_more(page(change(4)), place(database))

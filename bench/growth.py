"""`python -m bench.growth`: what a study costs the ledger when 1,000 studies are in it, and when 100,000 are.

Real decisions on a real SQLite file: news, generation, match, job, its states, its results and their
deliveries, and one look of each loop. Orthanc, the model and the engine cost what they cost and are
left out. The older studies are copies of the first, row by row.

`python -m bench.growth --bounded`: how large the file becomes when studies come and leave Orthanc again.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa
import yaml
from rich.console import Console
from rich.table import Table
from tests.dicom_factories import four_view_study

from bench.model import DECLARATION
from orchestrator.deliver import plan
from orchestrator.deliver.forgetting import forget_gone
from orchestrator.errors import Gone
from orchestrator.handoffs import ComposedObject, Digest, JobKey, ModelIdentity, ObjectKind, OrthancId, RegisteredModel
from orchestrator.intake import Intake
from orchestrator.jobs import catalogue, delivery_sweep, ledger, news, sweep
from orchestrator.jobs.database import Database
from orchestrator.jobs.states import JobState
from orchestrator.jobs.tables import DECISIONS, DELIVERIES, GENERATIONS, JOBS, RESULTS, SHIPMENTS, STUDIES
from orchestrator.orthanc.archive import ArchivedStudy
from orchestrator.site_file import SiteFile
from orchestrator.telemetry import logs
from wetread_contract.declaration import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydicom import Dataset
    from sqlalchemy.engine.interfaces import DBAPIConnection

    from orchestrator.jobs.engine import Engine
    from orchestrator.orthanc.archive import Archive

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 20
HELD, TURNS = 250, 8
"""Studies that Orthanc has room for, and how often all of them are replaced by newer ones."""
_COPIED = (GENERATIONS, DECISIONS, JOBS, RESULTS, STUDIES, DELIVERIES, SHIPMENTS)
_NUMBERED = {
    "study": "'old-' || :size || '-' || n.i",
    "key": "printf('%064d', n.i)",
    "job_key": "printf('%064d', n.i)",
    "sop_instance_uid": "t.sop_instance_uid || '.' || n.i",
    "series_instance_uid": "t.series_instance_uid || '.' || n.i",
    "orthanc_id": "t.orthanc_id || '-' || n.i",
}
"""What must differ from copy to copy; everything else stays."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one study, medians, with so many in the ledger."""

    studies: int
    cpu_ms: float
    statements: int
    scans: tuple[str, ...]
    """Tables that a statement reads from end to end."""


class Studies:
    """Stands for Orthanc: every study has the same four views under names of its own."""

    def study(self, study: OrthancId) -> ArchivedStudy:
        """Stable, and changed now."""
        return ArchivedStudy(study, datetime.now(UTC), is_stable=True, altered_from=False)

    def headers(self, study: OrthancId) -> Mapping[OrthancId, Mapping[str, object]]:
        """Of its four views."""
        views = four_view_study(study=study, rows=16, columns=16)
        return {OrthancId(f"{study}-{number}"): _tags(view) for number, view in enumerate(views)}


class Enqueued:
    """Stands for the engine: takes what it is given."""

    def enqueue(self, *_: object) -> None:
        """Nothing is run."""

    def wake(self) -> None:
        """Nobody sleeps."""


class Ledger:
    """The part of an orchestrator that touches the ledger, on a file of its own."""

    def __init__(self, folder: Path, **delivery: object) -> None:
        """`delivery`: what differs from the defaults of that section of a site file."""
        site_file = folder / "site.yaml"
        site = {
            "orthanc": {"url": "http://127.0.0.1:1"},
            "timezone": "UTC",
            "destinations": {"PACS": {"test": True}},
            "delivery": {"remote": "PACS", **delivery},
        }
        site_file.write_text(yaml.safe_dump(site), encoding="utf-8")
        self._site = SiteFile(site_file)
        self._made = 1
        self.site = self._site.current.site
        self.database = Database(f"sqlite:///{folder}/ledger.db")
        sa.event.listen(self.database.engine, "connect", _wait_for_no_disk)
        self.database.migrate()
        text, now = DECLARATION.read_text(encoding="utf-8"), datetime.now(UTC)
        identity = ModelIdentity("instant", "1.0.0", Digest("w" * 64), Digest("d" * 64))
        model = RegisteredModel(identity, parse(text), now)
        with self.database.write() as connection:
            catalogue.note(connection, identity, text, now)
            news.start_cursor(connection, 0, datetime(2000, 1, 1, tzinfo=UTC))
        self._intake = Intake(
            cast("Archive", Studies()),
            self.database,
            lambda: self._site.current,
            lambda: [model],
            lambda: datetime.now(UTC),
        )

    def study(self, name: str, study_date: str = "2026-03-02") -> None:
        """From the news to a finished job and its delivery."""
        now, study = datetime.now(UTC), OrthancId(name)
        with self.database.write() as connection:
            news.note_studies(connection, [study], now)
        self._intake.settle_due()
        sweep.start_due(self.database, cast("Engine", Enqueued()), lambda _: 4, now, 18)
        delivery_sweep.start_due(self.database, cast("Engine", Enqueued()), now, 2)
        with self.database.read() as connection:
            (job,) = ledger.listed(connection, study=study)
        self._walk(job.key, study_date)

    def _walk(self, key: JobKey, study_date: str) -> None:
        for state in (JobState.PREDICTING, JobState.COMPOSING, JobState.STORING):
            with self.database.write() as connection:
                ledger.move(connection, ledger.known(connection, key), state, datetime.now(UTC))
        made = [(_object(key, kind), OrthancId(f"{kind}-{key[:30]}")) for kind in (ObjectKind.CARD, ObjectKind.REPORT)]
        origin = plan.Origin(f"1.2.{int(key[:12], 16)}", study_date, altered=False, stage="demonstration")
        with self.database.write() as connection:
            ledger.note_results(connection, key, made, datetime.now(UTC))
        with self.database.write() as connection:
            job = ledger.known(connection, key)
            ledger.move(connection, job, JobState.DONE, datetime.now(UTC))
            plan.plan(connection, self._site.current.site, job, origin, datetime.now(UTC))

    def fill(self, size: int) -> None:
        """Copies the first study's rows until so many studies have been made."""
        with self.database.write() as connection:
            first, self._made = self._made, size
            for table in _COPIED:
                names = [column.name for column in table.columns]
                chosen = ", ".join(_NUMBERED.get(name, f't."{name}"') for name in names).replace(":size", "'s'")
                mine = "t.key" if table is JOBS else "t.job_key" if "job_key" in names else None
                template = "(SELECT key FROM jobs WHERE study = 'template')"
                only = f"{mine} = {template}" if mine and table is not DECISIONS else "t.study = 'template'"
                connection.exec_driver_sql(
                    f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {size}) "  # noqa: S608 - numbers and names of ours
                    f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {chosen} FROM {table.name} t, n WHERE {only}"
                )


def main() -> None:
    """Prints the costs, or the sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bounded", action="store_true")
    chosen = parser.parse_args()
    logs.set_up(StringIO())
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        measured = Ledger(Path(folder))
        measured.study("template")
        console.print(_sizes(measured, Path(folder)) if chosen.bounded else _costs(measured, console))
        measured.database.close()


def _costs(measured: Ledger, console: Console) -> Table:
    table = Table("studies in the ledger", "CPU, ms", "statements", "reads whole tables", box=None, pad_edge=False)
    for size in SIZES:
        measured.fill(size)
        cost = _cost(measured, size)
        scans = ", ".join(cost.scans) or "none"
        console.print(f"{cost.studies:,} studies: {cost.cpu_ms:.1f} ms")
        table.add_row(f"{cost.studies:,}", f"{cost.cpu_ms:.1f}", str(cost.statements), scans)
    return table


class Emptied:
    """Stands for Orthanc: holds the newest studies, the others have left it."""

    def __init__(self, made: int) -> None:
        self._held = frozenset(f"old-s-{number}" for number in range(made - HELD, made))

    def study(self, study: OrthancId) -> None:
        """Raises `Gone` for an old one."""
        if study not in self._held and study != "template":
            raise Gone("no longer in Orthanc")

    def version(self) -> str:
        """It is Orthanc."""
        return "1.12.7"


def _sizes(measured: Ledger, folder: Path) -> Table:
    """As many come as leave, again and again; nothing of them was sent, and the ledger need not know them longer."""
    table = Table("studies so far", "in the ledger", "its files, MB", box=None, pad_edge=False)
    for made in range(HELD, (TURNS + 1) * HELD, HELD):
        measured.fill(made)
        place: OrthancId | None = None
        while True:
            before = datetime.now(UTC) + timedelta(seconds=1)
            place = forget_gone(cast("Archive", Emptied(made)), measured.database, before, place)
            if place is None:
                break
        with measured.database.read() as connection:
            known = connection.execute(sa.select(sa.func.count()).select_from(STUDIES)).scalar_one()
        size = sum(file.stat().st_size for file in folder.glob("ledger.db*"))
        table.add_row(f"{made:,}", f"{known:,}", f"{size / 1e6:.1f}")
    return table


def _cost(measured: Ledger, size: int) -> Cost:
    said: list[tuple[str, object]] = []

    def note(connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        del connection, cursor
        said.append((statement, parameters))

    spent, counts = [], []
    sa.event.listen(measured.database.engine, "before_cursor_execute", note)
    for number in range(ROUNDS):
        said.clear()
        began = time.process_time()
        measured.study(f"new-{size}-{number}")
        spent.append(1000 * (time.process_time() - began))
        counts.append(len(said))
    sa.event.remove(measured.database.engine, "before_cursor_execute", note)
    scans = tuple(sorted(_scans(measured.database, said)))
    return Cost(size, statistics.median(spent), Counter(counts).most_common(1)[0][0], scans)


def _scans(database: Database, said: Sequence[tuple[str, object]]) -> Iterator[str]:
    """Large tables that one of these statements reads from end to end, by SQLite's own plan."""
    large = {table.name for table in _COPIED}
    with database.read() as connection:
        for statement, parameters in dict(said).items():
            if not statement.startswith(("SELECT", "UPDATE", "DELETE")):
                continue
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
            for step in steps:
                words = step.detail.split()
                if words[0] == "SCAN" and words[1] in large and "INDEX" not in words:
                    yield f"{words[1]} ({' '.join(statement.split('WHERE')[-1].split())[:60]})"


def _wait_for_no_disk(connection: DBAPIConnection, record: object) -> None:
    """Processor time is measured; the disk's own time is the same however large the ledger."""
    del record
    connection.cursor().execute("PRAGMA synchronous=OFF")


def _object(key: JobKey, kind: ObjectKind) -> ComposedObject:
    uid = f"2.25.{int(key[:20], 16)}.{len(kind)}"
    return ComposedObject(kind, "1.2.840.10008.5.1.4.1.1.7", uid, f"{uid}.1", b"", Digest(key))


def _tags(dataset: Dataset) -> dict[str, object]:
    """As Orthanc's full JSON has them, without pixels."""
    found: dict[str, object] = {}
    for element in dataset:
        if element.keyword == "PixelData":
            continue
        name = f"{element.tag.group:04x},{element.tag.element:04x}"
        if element.VR == "SQ":
            found[name] = {"Name": element.keyword, "Type": "Sequence", "Value": [_tags(one) for one in element.value]}
        else:
            several = element.VM > 1
            text = "\\".join(map(str, element.value)) if several else str(element.value or "")
            found[name] = {"Name": element.keyword, "Type": "String", "Value": text}
    return found


if __name__ == "__main__":
    main()

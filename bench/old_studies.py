"""`python -m bench.old_studies [100000]`: old studies are pushed into Orthanc, and none is sent.

A migration, or priors that a PACS prefetches. Results go out by themselves here (`auto_transmit`), to
a destination that takes everything, so that only the guard of the study's date stands in between. The
first studies go the whole way through news, rules, jobs and deliveries on a real SQLite file; the
rest are copies of their rows. Then the sweep that starts deliveries looks, and each delivery is
asked once more whether it may go, as before any transfer.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa
from rich.console import Console

from bench.growth import Enqueued, Ledger
from orchestrator.deliver import plan
from orchestrator.deliver.guards import held_because
from orchestrator.jobs import deliveries, delivery_sweep, ledger
from orchestrator.jobs.tables import DELIVERIES
from orchestrator.telemetry import logs

if TYPE_CHECKING:
    from orchestrator.jobs.engine import Engine

STUDIES = 100_000
THROUGHOUT = 200
"""So many are judged; the others are copies of the first one's rows."""
_AGES_DAYS = (8, 30, 400, 4000, 9000)


def main(studies: int = STUDIES) -> None:
    """Prints how many were started, and how many may go."""
    logs.set_up(StringIO())
    console = Console(highlight=False)
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        measured = Ledger(Path(folder), auto_transmit=True, quiet=0)
        for number in range(min(THROUGHOUT, studies)):
            age = timedelta(days=_AGES_DAYS[number % len(_AGES_DAYS)])
            measured.study("template" if number == 0 else f"pushed-{number}", f"{now - age:%Y-%m-%d}")
        measured.fill(studies)
        began = time.perf_counter()
        started = delivery_sweep.start_due(measured.database, cast("Engine", Enqueued()), now, 2)
        took_s = time.perf_counter() - began
        with measured.database.read() as connection:
            states = Counter(connection.execute(sa.select(DELIVERIES.c.state)).scalars())
        console.print(f"{states.total():,} deliveries: {dict(states)}; started: {started}, in {1000 * took_s:.1f} ms")
        console.print(f"may go when asked again: {_may_go(measured, now)} of {states.total():,}")
        measured.database.close()


def _may_go(measured: Ledger, now: datetime) -> int:
    destination = measured.site.destination("PACS")
    going = 0
    with measured.database.read() as connection:
        for one in deliveries.listed(connection, limit=10 * STUDIES):
            job = ledger.known(connection, one.key.job)
            facts = plan.facts_of(one, job, approved=True)
            going += not held_because(facts, measured.site.delivery.for_model(job.model.name), destination, now)
    return going


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else STUDIES)

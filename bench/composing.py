"""What composing costs: `python -m bench.composing` measures card and report of a four-view study, by stage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median
from time import process_time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from tests.composition_factories import composition, phantom_previews

from orchestrator.compose import compose
from orchestrator.compose.card import draw_card
from orchestrator.compose.check import faults
from orchestrator.compose.local_time import local_time
from orchestrator.compose.refusal import reported
from orchestrator.compose.sealing import sealed
from orchestrator.compose.secondary_capture import secondary_capture
from orchestrator.compose.structured_report import structured_report
from orchestrator.compose.summary import summary
from orchestrator.handoffs import ObjectKind

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 15
AIM_MS = 100.0
WHOLE = "all of it"


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of composing, and its processor time."""

    name: str
    cpu_ms: float
    """Median over the rounds, after one that fills the caches of fonts and tables."""


def measured(rounds: int = ROUNDS) -> list[Stage]:
    """The stages in their order, then all of it as the pipeline calls it; the last is `WHOLE`."""
    plain = composition()
    made = replace(plain, previews=phantom_previews(plain.selected))
    when = local_time(made.prediction.received_at, made.source, made.settings.timezone)
    words, findings = summary(made.prediction.answer), reported(made.prediction.answer)
    pages = draw_card(made, when)
    objects = compose(made).objects
    stages: dict[str, Callable[[], object]] = {
        "card: drawn": lambda: draw_card(made, when),
        "card: as a dataset, given its UIDs, written": lambda: sealed(
            made.job_key,
            ObjectKind.CARD,
            [secondary_capture(made, page, number, when, words) for number, page in enumerate(pages, start=1)],
        ),
        "report: its tree, given its UIDs, written": lambda: sealed(
            made.job_key, ObjectKind.REPORT, [structured_report(made, findings, when, words)]
        ),
        "both: our own check": lambda: [faults(one, made) for one in objects],
        WHOLE: lambda: compose(made),
    }
    return [Stage(name, _cpu_ms(work, rounds)) for name, work in stages.items()]


def _cpu_ms(work: Callable[[], object], rounds: int) -> float:
    work()
    taken = []
    for _ in range(rounds):
        begun = process_time()
        work()
        taken.append((process_time() - begun) * 1e3)
    return median(taken)


def main() -> None:
    """Print the table."""
    table = Table("composing a four-view study", "processor time", title_justify="left")
    for stage in measured():
        table.add_row(stage.name, f"{stage.cpu_ms:.1f} ms")
    Console().print(table)


if __name__ == "__main__":
    main()

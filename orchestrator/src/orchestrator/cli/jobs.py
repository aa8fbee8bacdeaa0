"""`wetread jobs`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestrator.cli.options import DEFAULT_SITE, SiteOption, ledger_of, readable_errors
from orchestrator.jobs.states import JobState
from orchestrator.operations import look

_COLOURS = {JobState.DONE: "green", JobState.FAILED: "red", JobState.QUEUED: "yellow"}


def jobs(
    site: SiteOption = DEFAULT_SITE,
    state: Annotated[list[JobState] | None, typer.Option(help="Only jobs in this state; may be repeated.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest first.")] = 30,
) -> None:
    """Lists jobs, the newest first, with the reason where one waits, failed or was stopped.

    Study and job are shown by their first digits; all commands take these.
    """
    console = Console(highlight=False)
    with readable_errors(), ledger_of(site) as database:
        found = look.jobs(database, state or (), limit)
        counts = look.job_counts(database)
    table = Table("job", "study", "model", "state", "for", "result", "reason", box=None, pad_edge=False)
    for column in table.columns[:-1]:
        column.no_wrap = True
    for job in found:
        colour = _COLOURS.get(job.state, "default")
        table.add_row(
            job.key[:8],
            job.study[:8],
            f"{job.model.name} {job.model.version}" + (" (shadow)" if job.shadow else ""),
            f"[{colour}]{job.state.value}[/]",
            _span((datetime.now(UTC) - job.state_since).total_seconds()),
            job.summary,
            job.reason,
        )
    console.print(table)
    console.print(", ".join(f"{count} {job_state.value}" for job_state, count in counts.items()) or "no jobs yet")


def _span(seconds: float) -> str:
    """A duration in its largest unit: `12 s`, `5 min`, `3 h`, `2 d`."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"

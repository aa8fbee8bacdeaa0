"""`wetread jobs`, and what a person does to them: retry, cancel, pause, resume."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from orchestrator import site_file
from orchestrator.cli.options import DEFAULT_SITE, ByOption, ReasonOption, SiteOption, ledger_of, readable_errors
from orchestrator.jobs.database import Database
from orchestrator.jobs.ledger import Job
from orchestrator.jobs.states import JobState
from orchestrator.operations import deliveries as outbox
from orchestrator.operations import jobs as acts
from orchestrator.operations import look

_COLOURS = {JobState.DONE: "green", JobState.FAILED: "red", JobState.QUEUED: "yellow"}


JobsArgument = Annotated[list[str], typer.Argument(help="Jobs, by their first digits as `wetread jobs` shows.")]
AllOption = Annotated[bool, typer.Option("--all", help="All models.")]
PausedDestinationOption = Annotated[
    str, typer.Option("--destination", help="Only this destination: results for it wait.")
]
PausedModelOption = Annotated[str, typer.Option("--model", help="Only this model, by its name.")]
_LOOK_EVERY_S = 1.0


def jobs(
    site: SiteOption = DEFAULT_SITE,
    state: Annotated[list[JobState] | None, typer.Option(help="Only jobs in this state; may be repeated.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest first.")] = 30,
    watch: Annotated[bool, typer.Option("--watch", help="Stay and show what happens; Ctrl-C ends it.")] = False,
) -> None:
    """Lists jobs, the newest first, with the reason where one waits, failed or was stopped.

    Study and job are shown by their first digits; all commands take these.
    """
    console = Console(highlight=False)
    with readable_errors(), ledger_of(site) as database:
        if not watch:
            console.print(_view(database, state or (), limit))
            return
        with suppress(KeyboardInterrupt), Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
            while True:
                live.update(_view(database, state or (), limit), refresh=True)
                time.sleep(_LOOK_EVERY_S)


def retry(
    jobs: JobsArgument,
    by: ByOption,
    reason: ReasonOption,
    ask_again: Annotated[
        bool, typer.Option("--ask-again", help="Also where the model's answer is saved already.")
    ] = False,
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Takes failed, cancelled or finished jobs up again, and has waiting ones tried at once."""
    with readable_errors(), ledger_of(site) as database:
        found = acts.retry(database, jobs, acts.Act(by, reason, datetime.now(UTC)), ask_again=ask_again)
    _say("taken up again", "in work already; nothing was changed", found)


def cancel(jobs: JobsArgument, by: ByOption, reason: ReasonOption, site: SiteOption = DEFAULT_SITE) -> None:
    """Stops jobs; a model at work on one is told within a second."""
    with readable_errors(), ledger_of(site) as database:
        found = acts.cancel(database, jobs, acts.Act(by, reason, datetime.now(UTC)))
    _say("cancelled", "ended already; nothing was changed", found)


def pause(
    by: ByOption,
    reason: ReasonOption,
    everything: AllOption = False,
    model: PausedModelOption = "",
    destination: PausedDestinationOption = "",
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Gives a model, or all, no new work, or a destination no results, until `wetread resume`; what is in work ends.

    Nothing is lost: jobs and results wait, across restarts too.
    """
    name = _chosen(everything, model, destination)
    act = acts.Act(by, reason, datetime.now(UTC))
    with readable_errors(), ledger_of(site) as database:
        if destination:
            begun = outbox.pause(database, site_file.load(site).site, destination, act)
        else:
            begun = acts.pause(database, name, act)
    Console(highlight=False).print(f"{name or 'everything'} {'is paused' if begun else 'was paused already'}")


def resume(
    by: ByOption,
    reason: ReasonOption,
    everything: AllOption = False,
    model: PausedModelOption = "",
    destination: PausedDestinationOption = "",
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Ends a pause: what has waited is worked on, the most urgent first."""
    name = _chosen(everything, model, destination)
    act = acts.Act(by, reason, datetime.now(UTC))
    with readable_errors(), ledger_of(site) as database:
        ended = outbox.resume(database, destination, act) if destination else acts.resume(database, name, act)
    Console(highlight=False).print(f"{name or 'everything'} {'goes on' if ended else 'was not paused'}")


def _chosen(everything: bool, model: str, destination: str) -> str:
    if [everything, bool(model), bool(destination)].count(True) != 1:
        raise typer.BadParameter("say one of --all, --model NAME and --destination NAME")
    return model or destination


def _view(database: Database, states: Collection[JobState], limit: int) -> Group:
    lines = [
        f"[yellow]paused[/] {halt.name or 'everything'} by {halt.who}: {halt.why}" for halt in acts.pauses(database)
    ]
    counts = ", ".join(f"{count} {state.value}" for state, count in look.job_counts(database).items())
    return Group(_table(look.jobs(database, states, limit)), *lines, counts or "no jobs yet")


def _table(found: Sequence[Job]) -> Table:
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
    return table


def _say(done: str, nothing: str, found: Sequence[Job]) -> None:
    console = Console(highlight=False)
    for job in found:
        console.print(f"{done}: {job.key[:8]} ({job.model.name} {job.model.version}, was {job.state})")
    if not found:
        console.print(nothing)


def _span(seconds: float) -> str:
    """A duration in its largest unit: `12 s`, `5 min`, `3 h`, `2 d`."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"

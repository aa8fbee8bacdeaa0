"""The command line: arguments in, words out; no logic."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestrator import settings
from orchestrator.errors import WetreadError
from orchestrator.jobs.database import Database
from orchestrator.jobs.states import JobState
from orchestrator.operations import look
from orchestrator.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

app = typer.Typer(
    help="Runs models on the studies that reach Orthanc and puts marked, preliminary results back.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # its frames show values, and values may be a patient's
)
SiteOption = Annotated[
    Path,
    typer.Option("--site", envvar="WETREAD_SITE", help="The site file; every key is explained in docs/site-file.md."),
]
DEFAULT_SITE = Path("/etc/wetread/site.yaml")


@app.command()
def run(site: SiteOption = DEFAULT_SITE) -> None:
    """Works until it is stopped: watches Orthanc, calls models, stores results.

    Stop it with Ctrl-C or SIGTERM; whatever was in work goes on at the next start.
    """
    from orchestrator.app import Orchestrator  # noqa: PLC0415 - the other commands start without it

    stop = threading.Event()

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    logs.set_up()
    with _readable_errors():
        Orchestrator(settings.load(site)).run(stop)


@app.command()
def check(site: SiteOption = DEFAULT_SITE) -> None:
    """Says whether the site file can be used, or line by line what is wrong with it."""
    with _readable_errors():
        loaded = settings.load(site)
    Console().print(f"[green]✓[/] {site} is in order (timezone {loaded.timezone}, Orthanc at {loaded.orthanc.url})")


@app.command()
def jobs(
    site: SiteOption = DEFAULT_SITE,
    state: Annotated[list[JobState] | None, typer.Option(help="Only jobs in this state; may be repeated.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest first.")] = 30,
) -> None:
    """Lists jobs, the newest first, with the reason where one waits, failed or was stopped."""
    console = Console()
    with _readable_errors(), _database(site) as database:
        table = Table("job", "study", "model", "state", "since (UTC)", "attempt", "result", "reason", box=None)
        for job in look.jobs(database, state or (), limit):
            table.add_row(
                job.key[:12],
                job.study,
                f"{job.model.name} {job.model.version}",
                job.state.value,
                f"{job.state_since:%Y-%m-%d %H:%M:%S}",
                str(job.attempt),
                job.summary,
                job.reason,
            )
        counts = look.job_counts(database)
    console.print(table)
    console.print(", ".join(f"{count} {job_state.value}" for job_state, count in counts.items()) or "no jobs yet")


@app.command()
def explain(
    study: Annotated[str, typer.Argument(help="The study's Orthanc id, as `wetread jobs` shows it.")],
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Says for every model why it ran on a study, or why it did not."""
    console = Console()
    with _readable_errors(), _database(site) as database:
        explained = look.explain(database, study)
    if not explained:
        console.print(f"nothing is known about {study}: it is not stable yet, or not in this Orthanc, or older than")
        console.print("watch.since in the site file; `wetread jobs` lists the studies that have jobs")
        raise typer.Exit(1)
    for one in explained:
        console.print(
            f"[bold]{one.model} {one.version}[/]: {one.outcome}" + (f", job {one.job.state}" if one.job else "")
        )
        for reason in one.judgement["reasons"]:
            console.print(f"  {reason}")
        for left in one.judgement["left_out"]:
            console.print(f"  left out …{left['reference']['sop_instance_uid'][-12:]}: {left['reason']}")


@app.command()
def models(site: SiteOption = DEFAULT_SITE) -> None:
    """Lists every model that has described itself to this site."""
    table = Table("model", "version", "weights", "first seen (UTC)", box=None)
    with _readable_errors(), _database(site) as database:
        for model in look.models(database):
            identity = model.identity
            seen = f"{model.first_seen:%Y-%m-%d %H:%M:%S}"
            table.add_row(identity.name, identity.version, identity.weights_sha256[:12], seen)
    Console().print(table)


@app.command()
def version() -> None:
    """Prints the version."""
    Console().print(installed_version("wetread"))


@contextmanager
def _database(site: Path) -> Iterator[Database]:
    database = Database.existing(settings.load(site).database)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _readable_errors() -> Iterator[None]:
    """An error of ours as the sentence that it is, instead of a traceback."""
    try:
        yield
    except WetreadError as error:
        Console(stderr=True, soft_wrap=True).print(f"[red]error:[/] {error}", highlight=False)
        raise typer.Exit(2) from error

"""The command line: arguments in, words out; no logic."""

from __future__ import annotations

import os
import signal
import threading
from importlib.metadata import version as installed_version
from types import FrameType

import typer
from rich.console import Console

from orchestrator import allocator
from orchestrator.cli import (
    checking,
    copies,
    deliveries,
    doctor,
    jobs,
    models,
    retaining,
    retracting,
    studies,
    study,
)
from orchestrator.cli.options import DEFAULT_SITE, SiteOption, readable_errors
from orchestrator.telemetry import logs, tracing

app = typer.Typer(
    help="Runs models on the studies that reach Orthanc and puts marked, preliminary results back.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # its frames show values, and values may be a patient's
)


@app.command()
def run(site: SiteOption = DEFAULT_SITE) -> None:
    """Works until it is stopped: watches Orthanc, calls models, stores results.

    Stop it with Ctrl-C or SIGTERM; whatever was in work goes on at the next start. OTEL_EXPORTER_OTLP_ENDPOINT in the
    environment (`http://collector:4318`) switches OpenTelemetry traces on.
    """
    from orchestrator.app import Orchestrator  # noqa: PLC0415 - the other commands start without it

    stop = threading.Event()

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    allocator.keep_memory_flat()
    logs.set_up()
    tracing.set_up(os.environ)
    with readable_errors():
        if not Orchestrator(site).run(stop):
            raise typer.Exit(1)


@app.command()
def version() -> None:
    """Prints the version."""
    Console().print(installed_version("wetread"))


app.command()(checking.check)
app.command()(doctor.doctor)
app.command()(copies.backup)
app.command()(copies.restore)
app.command()(copies.migrate)
app.command("jobs")(jobs.jobs)
app.command()(jobs.retry)
app.command()(jobs.cancel)
app.command()(jobs.pause)
app.command()(jobs.resume)
app.command()(studies.explain)
app.command()(studies.replay)
app.command()(studies.rerun)
app.command()(studies.backfill)
app.command("deliveries")(deliveries.deliveries)
app.command()(deliveries.release)
app.command()(deliveries.reject)
app.command()(retracting.retract)
app.command()(retaining.retention)
app.add_typer(models.app, name="model")
app.add_typer(study.app, name="study")

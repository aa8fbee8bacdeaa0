"""`wetread retract`: takes results back, wherever they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import typer
from rich.console import Console

from orchestrator import site_file
from orchestrator.cli.options import (
    DEFAULT_SITE,
    ByOption,
    ReasonOption,
    SiteOption,
    archive_of,
    ledger_of,
    readable_errors,
)
from orchestrator.errors import ArchiveUnavailable
from orchestrator.operations import retract as retracting


def retract(
    by: ByOption,
    reason: ReasonOption,
    job: Annotated[str, typer.Argument(help="A job, by its first digits.")] = "",
    study: Annotated[str, typer.Option(help="All results of a study, by the first digits of its Orthanc id.")] = "",
    model: Annotated[str, typer.Option(help="All results of a model.")] = "",
    version: Annotated[str, typer.Option(help="With --model: only this version.")] = "",
    since: Annotated[datetime | None, typer.Option(help="With --model: only results made since then (UTC).")] = None,
    title: Annotated[
        Literal["quality", "safety", "worklist"], typer.Option(help="What a rejection note says.")
    ] = "quality",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Withdraws results: out of Orthanc, by rejection note where that is honoured, else as a list to delete."""
    console = Console(highlight=False, soft_wrap=True)
    if sum(map(bool, (job, study, model))) != 1:
        raise typer.BadParameter("name one of: a job, --study, --model")
    chosen = retracting.Chosen(job, study, model, version, since.replace(tzinfo=UTC) if since else None)
    settings = site_file.load(site).site
    with readable_errors(), ledger_of(site) as database, archive_of(site) as archive:
        jobs = retracting.chosen(database, chosen)
        if not yes:
            typer.confirm(f"Withdraw the results of {len(jobs)} jobs?", abort=True)
        now = datetime.now(UTC)
        left = retracting.withdraw(database, settings, jobs, by=by, why=reason, title=title, now=now)
        try:
            retracting.clear(archive, database, settings, now)
            console.print(f"{len(jobs)} results are withdrawn, and out of Orthanc")
        except ArchiveUnavailable as error:
            console.print(f"{len(jobs)} results are withdrawn; they leave Orthanc when it answers again ({error})")
    for one in left:
        console.print(f"[yellow]to be deleted by hand[/] in {one.destination}:")
        for shipment in one.shipments:
            console.print(f"  study {shipment.study_instance_uid} {shipment.kind} {shipment.sop_instance_uid}")

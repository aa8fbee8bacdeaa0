"""`wetread deliveries`, `release`, `reject`: what is on its way, and a person's word on what waits."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestrator import site_file
from orchestrator.cli.options import DEFAULT_SITE, ByOption, ReasonOption, SiteOption, ledger_of, readable_errors
from orchestrator.jobs.states import DeliveryState
from orchestrator.operations import deliveries as looking
from orchestrator.operations import release as deciding

JobsArgument = Annotated[list[str], typer.Argument(help="Jobs, by their first digits as `wetread deliveries` shows.")]
DestinationOption = Annotated[str, typer.Option("--destination", help="Only there; default everywhere.")]
_COLOURS = {
    DeliveryState.DELIVERED: "green",
    DeliveryState.FAILED: "red",
    DeliveryState.HELD: "yellow",
    DeliveryState.RETRACTED: "red",
}


def deliveries(
    site: SiteOption = DEFAULT_SITE,
    state: Annotated[list[DeliveryState] | None, typer.Option(help="Only in this state; may be repeated.")] = None,
    job: Annotated[str, typer.Option(help="Only this job, with each of its objects.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many, the newest first.")] = 30,
) -> None:
    """Lists results on their way to destinations, with the reason where one waits, failed or was withdrawn."""
    console = Console(highlight=False)
    with readable_errors(), ledger_of(site) as database:
        found = looking.listed(database, state or (), job, limit)
        paused = looking.pauses(database)
    table = Table("job", "study", "destination", "state", "objects", "proven", "reason", box=None, pad_edge=False)
    for one in found:
        delivery, colour = one.delivery, _COLOURS.get(one.delivery.state, "default")
        proven = Counter(shipment.proof for shipment in one.shipments if shipment.proof)
        table.add_row(
            delivery.key.job[:8],
            delivery.study[:8],
            delivery.key.destination + ("" if delivery.key.purpose == "result" else " (rejection note)"),
            f"[{colour}]{delivery.state.value}[/]",
            str(len(one.shipments)),
            ", ".join(f"{count} by {how}" for how, count in proven.items()) or "-",
            delivery.reason,
        )
    console.print(table if found else "nothing is on its way; delivery.remote in the site file names destinations")
    for halt in paused:
        console.print(f"[yellow]paused[/] {halt.name} by {halt.who}: {halt.why}")
    for one in found if job else ():
        for shipment in one.shipments:
            console.print(f"  {shipment.kind} {shipment.sop_class_uid} {shipment.status or 'not sent yet'}")


def release(
    jobs: JobsArgument,
    by: ByOption,
    reason: ReasonOption,
    destination: DestinationOption = "",
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Lets held results go, and tries again what failed, expired or was rejected."""
    with readable_errors(), ledger_of(site) as database:
        act = deciding.Act(jobs, destination, by, reason, datetime.now(UTC))
        released = deciding.release(database, site_file.load(site).site, act)
    _say("released", [(one.key.job, one.key.destination) for one in released])


def reject(
    jobs: JobsArgument,
    by: ByOption,
    reason: ReasonOption,
    destination: DestinationOption = "",
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Keeps results from going; they stay in Orthanc, where they are marked as what they are."""
    with readable_errors(), ledger_of(site) as database:
        rejected = deciding.reject(database, deciding.Act(jobs, destination, by, reason, datetime.now(UTC)))
    _say("rejected", [(one.key.job, one.key.destination) for one in rejected])


def _say(what: str, results: list[tuple[str, str]]) -> None:
    console = Console(highlight=False)
    for job, destination in results:
        console.print(f"{what} {job[:8]} to {destination}")

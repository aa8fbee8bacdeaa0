"""`wetread doctor`: whether Orthanc and a destination are ready, and whether ledger, engine and Orthanc agree."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from orchestrator import site_file
from orchestrator.cli.options import DEFAULT_SITE, SiteOption, archive_of, ledger_of, readable_errors
from orchestrator.jobs.database import folder
from orchestrator.jobs.room import Room
from orchestrator.operations import doctor as examining
from orchestrator.operations import doctor_ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.deliver.rehearsal import Finding
    from orchestrator.settings import Site


def doctor(
    destination: Annotated[str, typer.Option(help="Also try this destination, with a marked test patient.")] = "",
    orthanc_config: Annotated[
        Path | None, typer.Option(help="Orthanc's own file, or folder of them, for what its REST API hides.")
    ] = None,
    ledger: Annotated[bool, typer.Option("--ledger", help="Only whether ledger, engine and Orthanc agree.")] = False,
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Says what Orthanc and a destination can do and what endangers results; prints the sheet for the PACS team.

    May run while the orchestrator works. Status 1 when something is wrong; each finding says what to do.
    """
    console = Console(highlight=False, soft_wrap=True)
    if ledger:
        _compare(console, site)
        return
    with readable_errors(), archive_of(site) as archive:
        own = None
        if orthanc_config is not None:
            own = examining.configurations(orthanc_config)
        settings = site_file.load(site).site
        findings = [examining.disk(_room(settings)), *examining.orthanc(archive, own, datetime.now(UTC))]
        sheet = None
        if destination:
            more, sheet = examining.destination(archive, settings, destination, datetime.now(UTC))
            findings += more
    _show(console, findings)
    if sheet is not None:
        console.print("\nFor the PACS team:")
        for line in sheet.lines():
            console.print(f"  {line}")
    if not all(one.good for one in findings):
        raise typer.Exit(1)


def _show(console: Console, findings: Sequence[Finding]) -> None:
    for one in findings:
        mark = "[green]✓[/]" if one.good else "[red]✗[/]" if one.seen else "[yellow]?[/]"
        console.print(f"{mark} {one.what}" + (f": {one.said}" if one.said else ""))
    for line in examining.how_to_see(findings):
        console.print(line)


def _room(settings: Site) -> Room:
    place = folder(settings.database)
    return Room(place if place is not None and place.is_dir() else None, lambda: settings.disk_reserve)


def _compare(console: Console, site: Path) -> None:
    with readable_errors(), ledger_of(site) as database, archive_of(site) as archive:
        found = doctor_ledger.examine(database, archive, datetime.now(UTC))
    for one in found.disagreements:
        console.print(f"[red]✗[/] {one.what}\n  {one.advice}")
    said = f"{found.proven} objects in Orthanc are as they were composed"
    if found.departed:
        said += f"; the studies of {found.departed} finished jobs are no longer in Orthanc"
    console.print(said)
    if found.disagreements:
        raise typer.Exit(1)
    console.print("[green]✓[/] ledger, engine and Orthanc agree")

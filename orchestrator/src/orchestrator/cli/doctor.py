"""`wetread doctor`: what is wrong, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from orchestrator.cli.options import DEFAULT_SITE, SiteOption, archive_of, ledger_of, readable_errors
from orchestrator.operations import doctor_ledger


def doctor(
    ledger: Annotated[bool, typer.Option("--ledger", help="Whether ledger, engine and Orthanc agree.")] = False,
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Says what is wrong and what to do; status 1 then. May run while the orchestrator works."""
    if not ledger:
        raise typer.BadParameter("say what to look at: --ledger")
    console = Console(highlight=False, soft_wrap=True)
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

"""`wetread retention`: what may leave Orthanc, and why the rest stays."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestrator import site_file
from orchestrator.cli.options import DEFAULT_SITE, SiteOption, archive_of, ledger_of, readable_errors
from orchestrator.operations import retention as retaining


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Prove everything, delete nothing.")] = False,
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Deletes from Orthanc what is proven to be in an archive; or shows what would go.

    delivery.delete_after_transmit and retention in the site file say which studies are to go.
    """
    console = Console(highlight=False)
    table = Table("study", "because", "would go" if dry_run else "gone", "stays", "why", box=None, pad_edge=False)
    count = 0
    with readable_errors(), ledger_of(site) as database, archive_of(site) as archive:
        settings = site_file.load(site).site
        for one in retaining.verdicts(database, archive, settings, datetime.now(UTC), dry_run=dry_run):
            count += 1
            shown = Counter(f"{goes.removal.destination} ({goes.removal.proof})" for goes in one.goes)
            going = ", ".join(f"{number} in {where}" for where, number in shown.items())
            table.add_row(one.study[:8], one.why, going or "-", str(one.stays), one.because)
    console.print(table if count else "no study is to go")

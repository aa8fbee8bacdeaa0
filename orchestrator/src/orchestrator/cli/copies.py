"""`wetread backup`, `wetread restore` and `wetread migrate`: copies of the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestrator import site_file
from orchestrator.cli.options import DEFAULT_SITE, SiteOption, readable_errors
from orchestrator.operations import copies, moving


def backup(
    file: Annotated[Path, typer.Argument(help="The copy; must not be there yet.")], site: SiteOption = DEFAULT_SITE
) -> None:
    """Writes a consistent copy of the ledger, while the orchestrator works or not."""
    with readable_errors():
        copies.backup(site_file.load(site).site.database_url(), file)
    Console(highlight=False, soft_wrap=True).print(f"{file} is a whole copy; keep it with the site file")


def restore(file: Annotated[Path, typer.Argument(help="A copy.")], site: SiteOption = DEFAULT_SITE) -> None:
    """Puts a copy in the ledger's place; stop the orchestrator first. Nothing is stored twice by that."""
    with readable_errors():
        kept = copies.restore(site_file.load(site).site.database_url(), file, datetime.now(UTC))
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"restored {file}" + (f"; the ledger that was there is now {kept}" if kept else ""))
    console.print("start the orchestrator, then run wetread doctor --ledger")


def migrate(
    source: Annotated[
        str, typer.Option("--from", help="The SQLite ledger as the site file had it: sqlite:////var/lib/….db")
    ],
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Moves a SQLite ledger into the empty PostgreSQL that the site file names now; stop the orchestrator first.

    Nothing is lost: every row is copied in one transaction and counted, and what was unfinished is begun again.
    The SQLite file is brought up to this release and otherwise stays as it is; keep it, and never start an orchestrator
    on it again.
    """
    with readable_errors():
        moved = moving.move(source, site_file.load(site).site.database_url(), datetime.now(UTC))
    console = Console(highlight=False, soft_wrap=True)
    for table, rows in moved.rows.items():
        console.print(f"{rows:>9} {table}")
    console.print(f"moved; jobs of {moved.unfinished} studies are begun again. Start the orchestrators now.")

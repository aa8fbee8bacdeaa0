"""What the commands share: the site option, the ledger, Orthanc, errors as sentences."""

from __future__ import annotations

import getpass
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from orchestrator import site_file
from orchestrator.errors import WetreadError
from orchestrator.jobs.database import Database
from orchestrator.orthanc.client import OrthancClient

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_SITE = Path("/etc/wetread/site.yaml")
SiteOption = Annotated[
    Path,
    typer.Option("--site", envvar="WETREAD_SITE", help="The site file; every key is explained in docs/site-file.md."),
]
ByOption = Annotated[str, typer.Option("--by", help="Who does this; kept for ten years.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept beside it.")]


def whoever_runs_this() -> str:
    """The name of the user at the terminal."""
    return getpass.getuser()


@contextmanager
def ledger_of(site: Path) -> Iterator[Database]:
    """The ledger that a site file names. Raises `SettingsInvalid`."""
    database = Database.existing(site_file.load(site).site.database_url())
    try:
        yield database
    finally:
        database.close()


@contextmanager
def archive_of(site: Path) -> Iterator[OrthancClient]:
    """The Orthanc that a site file names. Raises `SettingsInvalid`."""
    archive = OrthancClient(site_file.load(site).site.orthanc)
    try:
        yield archive
    finally:
        archive.close()


@contextmanager
def readable_errors() -> Iterator[None]:
    """An error of ours as the sentence that it is, instead of a traceback."""
    try:
        yield
    except WetreadError as error:
        Console(stderr=True, soft_wrap=True).print(f"[red]error:[/] {error}", highlight=False)
        raise typer.Exit(2) from error

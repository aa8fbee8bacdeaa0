"""`wetread model …`: who is here, whose results may leave, who agrees with whom."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestrator.cli.options import DEFAULT_SITE, ByOption, ReasonOption, SiteOption, ledger_of, readable_errors
from orchestrator.operations import models as acts

app = typer.Typer(help="Models: who is here, whose results may leave Orthanc, who agrees.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The model's name, as `wetread model list` shows it.")]
VersionArgument = Annotated[str, typer.Argument(help="Its version.")]


@app.command("list")
def listed(site: SiteOption = DEFAULT_SITE) -> None:
    """Lists every model that has described itself to this site, and endpoints that are refused with the reason."""
    console = Console(highlight=False)
    with readable_errors(), ledger_of(site) as database:
        seen, refusals = acts.seen(database)
    table = Table("model", "version", "weights", "declaration", "answered (UTC)", "results", box=None, pad_edge=False)
    for one in seen:
        identity = one.model.identity
        table.add_row(
            identity.name,
            identity.version,
            identity.weights_sha256[:12],
            identity.declaration_sha256[:12],
            f"{one.model.last_seen:%Y-%m-%d %H:%M:%S}",
            "[green]approved[/]" if one.approved else "HELD: not approved",
        )
    console.print(table if seen else "no model has been here yet; models.addresses in the site file says where to look")
    for address, reason in refusals.items():
        console.print(f"[red]refused[/] {address}:\n{reason}")


@app.command()
def approve(
    name: NameArgument, version: VersionArgument, by: ByOption, reason: ReasonOption, site: SiteOption = DEFAULT_SITE
) -> None:
    """Lets results of exactly the digests that this version has now leave Orthanc."""
    with readable_errors(), ledger_of(site) as database:
        identity = acts.approve(database, name, version, by=by, reason=reason, now=datetime.now(UTC))
    console = Console(highlight=False)
    console.print(f"[green]approved[/] {name} {version}; any other digest stays HELD")
    console.print(f"  weights     {identity.weights_sha256}\n  declaration {identity.declaration_sha256}")
    console.print(f"  image       {identity.image_digest or 'the container was not told (WETREAD_IMAGE_DIGEST)'}")


@app.command()
def revoke(
    name: NameArgument, version: VersionArgument, by: ByOption, reason: ReasonOption, site: SiteOption = DEFAULT_SITE
) -> None:
    """Keeps new results of this version in Orthanc; what has been delivered stays where it is (see `retract`)."""
    with readable_errors(), ledger_of(site) as database:
        ended = acts.revoke(database, name, version, by=by, reason=reason, now=datetime.now(UTC))
    Console(highlight=False).print(f"{ended} approval{'' if ended == 1 else 's'} of {name} {version} ended")


@app.command()
def compare(
    name: NameArgument,
    one: Annotated[str, typer.Argument(help="A version.")],
    other: Annotated[str, typer.Argument(help="The version beside it, usually in shadow.")],
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Says how often two versions agree on the studies that both have read."""
    with readable_errors(), ledger_of(site) as database:
        found = acts.compare(database, name, one, other)
    console = Console(highlight=False)
    if not found.total:
        console.print(f"no study has been read by both {one} and {other}")
        raise typer.Exit(1)
    console.print(f"{found.agreeing} of {found.total} studies agree ({100 * found.agreeing / found.total:.1f} %)")
    table = Table(one, other, "studies", box=None, pad_edge=False)
    for (first, second), count in sorted(found.pairs.items()):
        table.add_row(first, second, str(count))
    console.print(table)

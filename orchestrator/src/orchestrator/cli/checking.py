"""`wetread check`: a site file or a model.yaml, before it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestrator import site_file
from orchestrator.cli.options import DEFAULT_SITE, readable_errors
from orchestrator.match.specificity import specificity
from orchestrator.operations import check as checking

BroadOption = Annotated[bool, typer.Option(help="As a site that accepts a rule for nearly everything.")]
FileArgument = Annotated[Path, typer.Argument(help="A site file, or the model.yaml of a container.")]


def check(
    file: FileArgument = DEFAULT_SITE,
    accept_too_broad: Annotated[
        bool, typer.Option(help="As a site that accepts a rule for nearly everything.")
    ] = False,
) -> None:
    """Says whether a site file or a model.yaml can be used, or line by line what is wrong with it.

    A model.yaml gets everything that registration checks: keywords, operators, values, examples, breadth.
    """
    console = Console(highlight=False)
    with readable_errors():
        if not checking.is_declaration(file):
            loaded = site_file.load(file).site
            console.print(
                f"[green]✓[/] {file} is in order (timezone {loaded.timezone}, Orthanc at {loaded.orthanc.url})"
            )
            return
        declaration = checking.declaration(file, accept_too_broad=accept_too_broad)
    console.print(f"[green]✓[/] {file}: {declaration.name} {declaration.version}, {declaration.title}")
    console.print(f"  {specificity(declaration.rules)}")
    agreed = len(declaration.examples.match) + len(declaration.examples.miss)
    console.print(f"  {agreed} examples agree with the rules")

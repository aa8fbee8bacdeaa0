"""`wetread study …`: what somebody says about one study."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from orchestrator.cli.options import (
    DEFAULT_SITE,
    ByOption,
    ReasonOption,
    SiteOption,
    archive_of,
    ledger_of,
    readable_errors,
)
from orchestrator.operations import studies
from orchestrator.operations.jobs import Act

app = typer.Typer(help="Studies: say what a clock cannot know.", no_args_is_help=True)

NamedArgument = Annotated[
    str, typer.Argument(help="Its Orthanc id, the first digits of that, or its StudyInstanceUID.")
]


@app.command()
def complete(study: NamedArgument, by: ByOption, reason: ReasonOption, site: SiteOption = DEFAULT_SITE) -> None:
    """Says that a study is complete: it is judged for good at once, and its results wait no longer.

    For a RIS or a technologist. Without it a study counts as complete when Orthanc has called it
    stable, its results go after `delivery.quiet`, and missing views are waited for as long as
    `watch.incomplete_after`. Held results stay held. What comes later makes the study wait again.
    """
    with readable_errors(), ledger_of(site) as database, archive_of(site) as archive:
        new = studies.complete(database, archive, study, Act(by, reason, datetime.now(UTC)))
    Console(highlight=False).print("complete" if new else "was called complete already; nothing was changed")

"""`wetread explain`, `replay`, `rerun`, `backfill`: questions about studies, and how old ones run again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

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
from orchestrator.operations import again, look
from orchestrator.operations import check as checking
from orchestrator.operations import replay as replaying
from wetread_contract.judgement import Outcome

StudyArgument = Annotated[
    str, typer.Argument(help="The study's Orthanc id, or its first digits as `wetread jobs` shows.")
]
ModelOption = Annotated[str, typer.Option("--model", help="The model's name.")]
SINCE = re.compile(r"(\d+)d|(\d{4}-\d{2}-\d{2})")


def explain(
    study: StudyArgument,
    site: SiteOption = DEFAULT_SITE,
    model: Annotated[str, typer.Option(help="Only this model.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Says for every model why it ran on a study or why not, clause by clause, and what would have to change."""
    console = Console(highlight=False, soft_wrap=True)
    with readable_errors(), ledger_of(site) as database:
        explained = [one for one in look.explain(database, study) if model in {"", one.model}]
    if as_json:
        console.print_json(json.dumps([one.as_json() for one in explained]))
    elif not explained:
        console.print(f"nothing is known about {study}: it is not stable yet, or not in this Orthanc, or older than")
        console.print("watch.since in the site file; `wetread jobs` lists the studies that have jobs")
    for one in [] if as_json else explained:
        job = f", job {one.job.key[:8]} {one.job.state}" if one.job else ""
        console.print(f"[bold]{one.model} {one.version}[/]{job} (site file {one.site_file_sha256[:12]})")
        console.print("  " + one.in_words().replace("\n", "\n  "), markup=False)
    if not explained:
        raise typer.Exit(1)


def replay(
    since: Annotated[str, typer.Option(help="How far back: `30d`, or a day such as 2026-10-01.")] = "30d",
    declaration: Annotated[Path | None, typer.Option(help="A model.yaml to try instead of the one in force.")] = None,
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Asks rules about what is in Orthanc, without running anything: what matches, what would be gained and lost."""
    console = Console(highlight=False)
    with readable_errors(), ledger_of(site) as database, archive_of(site) as archive:
        rules = site_file.load(site).rules
        current = look.judging(database, rules)
        tried = [checking.declaration(declaration, accept_too_broad=True)] if declaration else []
        proposed = replaying.proposed(current, tried, datetime.now(UTC)) if tried else current
        studies = archive.studies_between(_day(since), datetime.now(UTC).date() + timedelta(days=1))
        tallies: Mapping[str, replaying.Tally] = {}
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task(f"reading the headers of {len(studies)} studies", total=len(studies))
            for tallies in replaying.replay(archive, studies, current, proposed, rules.policies):  # noqa: B007 - the last
                progress.advance(task)
    table = Table("model", "studies", "match", "share", "incomplete", "gained", "lost", box=None, pad_edge=False)
    for name, tally in tallies.items():
        matched, incomplete = tally.outcomes[Outcome.MATCHED], tally.outcomes[Outcome.INCOMPLETE]
        row = (tally.studies, matched, f"{100 * tally.share:.1f} %", incomplete, len(tally.gained), len(tally.lost))
        table.add_row(name, *(str(cell) for cell in row))
    console.print(table if tallies else "no study lies within that time")
    for name, tally in tallies.items():
        for word, found in (("gained", tally.gained), ("lost", tally.lost)):
            for study in found[:20]:
                console.print(f"  {name} {word} {study}")


def rerun(
    study: StudyArgument, model: ModelOption, by: ByOption, reason: ReasonOption, site: SiteOption = DEFAULT_SITE
) -> None:
    """Has one study judged and read by a model again; its new result replaces the old one."""
    with readable_errors(), ledger_of(site) as database, archive_of(site) as archive:
        full = look.study_named(database, study)
        again.rerun(database, archive, full, model, by=by, reason=reason, now=datetime.now(UTC))
    Console().print(f"{model} reads {study} again as soon as the orchestrator looks; follow it with `wetread jobs`")


def backfill(
    model: ModelOption,
    since: Annotated[str, typer.Option(help="First StudyDate: `30d` or a day such as 2026-10-01.")],
    by: ByOption,
    reason: ReasonOption,
    until: Annotated[str, typer.Option(help="Last StudyDate; default today.")] = "0d",
    rate: Annotated[int, typer.Option(help="Studies per hour.", min=1)] = 60,
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Has old studies read by a model, so many an hour; all their results are HELD until somebody releases them."""
    with readable_errors(), ledger_of(site) as database, archive_of(site) as archive:
        count = again.backfill(
            database,
            archive,
            model,
            since=_day(since),
            until=_day(until),
            per_hour=rate,
            by=by,
            reason=reason,
            now=datetime.now(UTC),
        )
    Console().print(f"{count} studies are read in the next {count / rate:.1f} hours; their results are HELD")


def _day(written: str) -> date:
    """A day as people write it: `30d` ago, or 2026-10-01."""
    found = SINCE.fullmatch(written)
    if found is None:
        raise typer.BadParameter(f"{written!r}: write days back, such as 30d, or a day, such as 2026-10-01")
    days, day = found.groups()
    return datetime.now(UTC).date() - timedelta(days=int(days)) if days else date.fromisoformat(day)

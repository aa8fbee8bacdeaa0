"""What may leave Orthanc, and why the rest stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.compose.relabel import relabelled
from orchestrator.deliver import retention
from orchestrator.deliver.forward import Tools
from orchestrator.orthanc.remotes import remote_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from orchestrator.jobs.database import Database
    from orchestrator.orthanc.client import OrthancClient
    from orchestrator.settings import Site


def verdicts(
    database: Database, archive: OrthancClient, site: Site, now: datetime, *, dry_run: bool
) -> Iterator[retention.Verdict]:
    """Study by study what goes, or would go; a dry run proves everything and deletes nothing."""
    tools = Tools(
        archive=archive,
        database=database,
        remote=lambda destination: remote_of(archive, destination),
        relabel=relabelled,
        site=lambda: site,
        clock=lambda: now,
        on_end=lambda: None,
    )
    with database.read() as connection:
        found = retention.candidates(connection, site, archive.stored_bytes, now)
    for candidate in found:
        yield retention.judge(tools, candidate) if dry_run else retention.clean_up(tools, candidate)

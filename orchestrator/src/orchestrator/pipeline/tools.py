"""What every walk works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor
    from datetime import datetime

    from orchestrator.dispatch.registry import Registry
    from orchestrator.jobs.database import Database
    from orchestrator.orthanc.archive import Archive
    from orchestrator.settings import Site


@dataclass(frozen=True, slots=True)
class Tools:
    """What every walk works with."""

    archive: Archive
    database: Database
    registry: Registry
    site: Callable[[], Site]
    """The site file as it is now."""
    wetread_version: str
    clock: Callable[[], datetime]
    renderer: ThreadPoolExecutor
    """Fetches previews while the model works."""
    on_end: Callable[[], None]
    """Called when a job leaves the engine: there is room for another."""

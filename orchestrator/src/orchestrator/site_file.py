"""The site file as it is now: read again when it changes, as a whole or not at all.

A broken new file keeps the old one in force and says so. What the process was built with (the
archive's address, the database, threads, the port) stays until the next start; what decides about
studies and how results are written is taken up at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from orchestrator import settings
from orchestrator.errors import SettingsInvalid
from orchestrator.match import site_rules
from wetread_contract.declaration import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.match.site_rules import SiteRules
    from orchestrator.settings import Site

_AT_START = ("orthanc", "database", "work", "web", "models")
"""Sections that a running process does not take up, but for the policies under `models`."""


@dataclass(frozen=True, slots=True)
class Version:
    """One content of a site file."""

    site: Site
    rules: SiteRules
    text: str


def load(path: Path) -> Version:
    """The file's content, checked. Raises `SettingsInvalid` with every problem."""
    content = settings.read(path)
    site = settings.parse(content, path)
    text = content.decode("utf-8")
    try:
        rules = site_rules.parse(text, file=str(path), sha256=sha256(content).hexdigest())
    except DeclarationError as error:
        raise SettingsInvalid(str(error)) from error
    return Version(site, rules, text)


class SiteFile:
    """The version in force; may be read by several threads while one looks for a newer one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._signature()
        self.current = load(path)

    def look(self) -> bool:
        """Takes up a changed file; True if it did. Raises `SettingsInvalid` once for each broken content."""
        signature = self._signature()
        if signature == self._seen:
            return False
        self._seen = signature
        found = load(self._path)
        if found.rules.sha256 == self.current.rules.sha256:
            return False
        self.current = found
        return True

    def needs_restart(self, before: Version) -> list[str]:
        """Sections that have changed and that only a new start takes up."""
        now = self.current.site
        return [name for name in _AT_START if _fixed(getattr(now, name)) != _fixed(getattr(before.site, name))]

    def _signature(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_size, found.st_ino)


def _fixed(section: object) -> object:
    return section.model_copy(update={"policy": {}}) if isinstance(section, settings.ModelSettings) else section

"""Processor time as the kernel counts it: it depends little on what else the machine does."""

from __future__ import annotations

import os
from pathlib import Path

_SESSION, _USED = 3, slice(11, 15)
"""Fields 6 and 14 to 17 of proc(5)'s stat, behind the command's name: session; user and system time, and those of
children that have ended."""


def used_s(pid: int | None) -> float:
    """User and system time so far of a program and all that it has started, in seconds. Raises `ProcessLookupError`."""
    mine = [fields for fields in map(_fields, Path("/proc").glob("[0-9]*/stat")) if _session(fields) == pid]
    if not mine:
        raise ProcessLookupError(f"no process {pid}")
    return sum(int(ticks) for fields in mine for ticks in fields[_USED]) / os.sysconf("SC_CLK_TCK")


def _session(fields: list[str]) -> int | None:
    return int(fields[_SESSION]) if fields else None


def _fields(stat: Path) -> list[str]:
    """What stands behind the name; nothing of a process that has just ended."""
    try:
        return stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []

"""Prometheus' own judgement on rules, configuration and metrics."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def promtool(*arguments: str | Path, given: bytes = b"", folder: Path | None = None) -> str:
    """What promtool says, which has to be content."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("there is no promtool: `demo/host-packages promtool` says what to install")
    done = subprocess.run([program, *arguments], input=given, capture_output=True, check=False, cwd=folder)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


def follows_conventions(exposition: bytes) -> None:
    """A scrape that promtool's linter finds nothing in: names, units, types, help."""
    assert promtool("check", "metrics", given=exposition) == ""

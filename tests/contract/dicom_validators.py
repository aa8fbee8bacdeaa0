"""Other people's tools that say whether an object is right; tests that need them skip loudly without."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_UNCHECKED = re.compile(
    r"(does not support this|unsupported) Specific ?Character ?Set|Check for template constraints not yet supported"
)

needs_dicom3tools = pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (dicom3tools) is not installed")
needs_dcmtk = pytest.mark.skipif(not shutil.which("dsrdump"), reason="dsrdump (dcmtk) is not installed")


def iod_errors(file: Path) -> list[str]:
    """What dciodvfy calls an error."""
    return _errors(["dciodvfy", str(file)])


def entity_errors(files: Sequence[Path]) -> list[str]:
    """What dcentvfy finds to differ between objects of one patient, study or series."""
    return _errors(["dcentvfy", *map(str, files)])


def report_tree(file: Path) -> tuple[str, str]:
    """A report as dcmtk reads it, and what it complains about, but for what it says it cannot check."""
    done = subprocess.run(["dsrdump", str(file)], check=False, capture_output=True)
    said = done.stderr.decode("utf-8", "replace").splitlines(keepends=True)
    complaints = "".join(line for line in said if not _UNCHECKED.search(line))
    return done.stdout.decode("utf-8", "replace"), complaints


def _errors(command: list[str]) -> list[str]:
    done = subprocess.run(command, check=False, capture_output=True)
    said = (done.stderr + done.stdout).decode("latin-1")
    return [line for line in said.splitlines() if line.startswith("Error")]

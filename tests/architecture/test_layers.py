from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Runs import-linter over a folder with an `.importlinter`, whose orchestrator comes first on the path."""
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "orchestrator/src")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "orchestrator/src", tmp_path / "orchestrator/src", ignore=ignore)
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def test_data_flows_one_way() -> None:
    linted = _lint(ROOT)

    assert linted.returncode == 0, linted.stdout
    assert "0 broken" in linted.stdout


def test_a_module_outside_the_layers_is_refused(copy: Path) -> None:
    (copy / "orchestrator/src/orchestrator/utils.py").write_text('"""Odds and ends."""\n', encoding="utf-8")

    linted = _lint(copy)

    assert linted.returncode == 1
    assert "utils" in linted.stdout


def test_an_import_against_the_flow_is_refused(copy: Path) -> None:
    with (copy / "orchestrator/src/orchestrator/errors.py").open("a", encoding="utf-8") as file:
        file.write("\nfrom orchestrator import handoffs\n")

    linted = _lint(copy)

    assert linted.returncode == 1
    assert "orchestrator.errors is not allowed to import orchestrator.handoffs" in linted.stdout

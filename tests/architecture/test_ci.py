"""What the build server reads at the end of a run is what the runs of pytest have said."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
GREEN = "===== 1200 passed, 2 deselected, 1 warning in 900.50s (0:15:00) ====="
RED = "= 1 failed, 30 passed, 2 errors in 100.25s (0:01:40) ="
ALL_WELL = "===== 31 passed in 100.25s ====="


def _sum_up(folder: Path, *logs: str) -> str:
    files = [folder / f"{number}.log" for number in range(len(logs))]
    for file, text in zip(files, logs, strict=True):
        file.write_text(text, encoding="utf-8")
    return subprocess.run([ROOT / ".ci/sum-up", *files], capture_output=True, text=True, check=True).stdout


def test_two_runs_are_added_up_in_one_line(tmp_path: Path) -> None:
    said = _sum_up(tmp_path, f"lines\n{GREEN}\n", f"=== short test summary info ===\n{ALL_WELL}\nmore\n")

    assert said == "======== 1231 passed, 2 deselected, 1 warning in 1000.75s ========\n"


def test_failures_and_errors_are_kept(tmp_path: Path) -> None:
    assert _sum_up(tmp_path, GREEN, RED) == (
        "======== 1 failed, 1230 passed, 2 deselected, 1 warning, 2 error in 1000.75s ========\n"
    )


def test_a_run_that_never_came_to_its_tests_is_an_error(tmp_path: Path) -> None:
    assert "1 error" in _sum_up(tmp_path, GREEN, "make: *** [Makefile:56: e2e-compose] Error 1\n")

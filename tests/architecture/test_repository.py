from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)(#[^)\s]*)?\)")
TARGET = re.compile(r"^([a-z][a-z0-9-]*):(?!=)(.*)$", re.MULTILINE)


def _documents() -> list[Path]:
    tracked = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in tracked.stdout.split()]


def test_every_target_has_a_line_of_help() -> None:
    targets = TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
    helped = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert {"setup", "demo", "smoke", "test", "bench"} <= {name for name, _ in targets}
    assert [name for name, rest in targets if "## " not in rest] == []
    assert all(name in helped.stdout for name, _ in targets)


def test_reading_the_makefile_runs_nothing() -> None:
    assert not re.search(r"\$\(shell|!=", (ROOT / "Makefile").read_text(encoding="utf-8"))


def test_links_between_documents_lead_somewhere() -> None:
    documents = _documents()
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in documents
        for target, _ in LINK.findall(document.read_text(encoding="utf-8"))
        if not target.startswith(("http:", "https:", "mailto:")) and not (document.parent / target).exists()
    ]

    assert documents
    assert broken == []


def test_decisions_say_context_decision_and_consequences() -> None:
    records = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs/adr").glob("[0-9]*.md")}
    headings = {name: re.findall(r"^## (.+)$", text, re.MULTILINE)[:3] for name, text in records.items()}

    assert len(records) >= 4
    assert [name for name, found in headings.items() if found != ["Context", "Decision", "Consequences"]] == []


def test_pages_that_follow_from_the_code_are_current() -> None:
    command = [sys.executable, "docs/generate.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard, get_args

from pydantic import BaseModel

from orchestrator.settings import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def _keys(section: type[BaseModel], where: str = "") -> Iterator[tuple[str, str]]:
    """Every section and key of a site file, at any depth."""
    for name, field in section.model_fields.items():
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if _is_section(kind)]
        for kind in inner:
            yield from _keys(kind, ".".join(filter(None, (where, name))))
        if not inner and name != "sha256":
            yield where, name


def _is_section(kind: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def test_every_key_of_a_site_file_is_documented_under_its_section_as_it_is_written_in_the_file() -> None:
    page = (ROOT / "docs/site-file.md").read_text(encoding="utf-8")
    parts = re.split(r"^## ", page, flags=re.MULTILINE)
    sections = {part.partition("\n")[0].strip("`").replace(".NAME", ""): part for part in parts[1:]}
    keys = list(_keys(Site))

    assert {("delivery.retry", "first"), ("delivery.models", "hold"), ("models.tls", "key_file")} <= set(keys)
    assert [key for key in keys if f"| `{key[1]}` |" not in sections[key[0] or "At the top"]] == []
    assert "timedelta" not in page

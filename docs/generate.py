"""Writes the pages that follow from the code; with --check says whether they are current."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, get_args, get_origin

from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from orchestrator.jobs import states
from orchestrator.match import misses
from orchestrator.settings import Site
from orchestrator.telemetry import metrics
from wetread_sdk.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

HERE = Path(__file__).parent
NOTE = "<!-- Generated from {source} by `python docs/generate.py`; do not edit. -->\n\n"


def site_file() -> str:
    """Every key of a site file with meaning, unit, default and reason."""
    lines = [
        NOTE.format(source="orchestrator/src/orchestrator/settings.py") + "# The site file",
        "",
        "One YAML file says everything about a site. `wetread check FILE` tells line by line what is wrong with one.",
        "Two keys are mandatory, `orthanc` and `timezone`:",
        "",
        "```yaml",
        "orthanc: {url: http://orthanc:8042, username: wetread, password_file: /run/secrets/orthanc}",
        "timezone: Europe/Berlin",
        "```",
        "",
        "Durations are a number with a unit: `500ms`, `10s`, `5min`, `2h`, `7d`. A changed file is taken up within",
        "seconds; `orthanc`, `database`, `work`, `web` and the addresses of models wait for the next start,",
        "which the log says. A broken file is refused as a whole, and the one before stays in force.",
    ]
    top = {name: field for name, field in Site.model_fields.items() if name != "sha256"}
    lines += ["", "## At the top", "", *_table({k: f for k, f in top.items() if _section(f) is None})]
    for name, field in top.items():
        lines += _pages_of(name, field)
    return "\n".join(lines) + "\n"


def job_states() -> str:
    """What a job can be, and its ways."""
    lines = [NOTE.format(source="orchestrator/src/orchestrator/jobs/states.py") + "# States of a job", ""]
    lines += ["```mermaid", states.diagram().rstrip(), "```", "", "| state | means |", "|---|---|"]
    meanings = _docstrings(Path(states.__file__).read_text(encoding="utf-8"))
    lines += [f"| {state.value} | {meanings[state.name]} |" for state in states.JobState]
    lines += ["", "# States of a delivery", "", "```mermaid", states.delivery_diagram().rstrip(), "```", ""]
    return "\n".join(lines) + "\n"


def all_metrics() -> str:
    """What orchestrator and models measure."""
    source = "orchestrator/src/orchestrator/telemetry/metrics.py and services/sdk/src/wetread_sdk/metrics.py"
    models = Metrics(CollectorRegistry()).registry
    reasons = _docstrings(Path(misses.__file__).read_text(encoding="utf-8"))
    lines = [
        NOTE.format(source=source) + "# Metrics",
        "",
        "No label names a person, and none has unbounded values. What comes from outside (categories, scanners and",
        "their software) has the first few values, then `other`.",
        "",
        "## Of the orchestrator, at `/metrics` on port 8080",
        "",
        metrics.table(),
        "The `reason` of a miss:",
        "",
        "| reason | means |",
        "|---|---|",
        *(f"| `{one.value}` | {reasons[one.name]} |" for one in misses.MissClass),
        "",
        "## Of a model, at `/metrics` on port 3000",
        "",
        metrics.table(models),
    ]
    return "\n".join(lines).rstrip() + "\n"


PAGES = {"site-file.md": site_file, "states.md": job_states, "metrics.md": all_metrics}


def main() -> int:
    """Writes the pages, or says which are not current."""
    stale = [name for name, page in PAGES.items() if _read(HERE / name) != page()]
    if "--check" in sys.argv:
        sys.stdout.writelines(f"docs/{name} is not current: run python docs/generate.py\n" for name in stale)
        return 1 if stale else 0
    for name in stale:
        (HERE / name).write_text(PAGES[name](), encoding="utf-8")
    return 0


def _read(page: Path) -> str:
    return page.read_text(encoding="utf-8") if page.exists() else ""


def _pages_of(name: str, field: FieldInfo) -> Iterator[str]:
    """A section with its keys, then the sections in it; nothing for a plain key."""
    section = _section(field)
    if section is None:
        return
    name = f"{name}.NAME" if get_origin(field.annotation) is dict else name
    yield from ("", f"## `{name}`", "", _sentence(section.__doc__), "", *_table(section.model_fields, name))
    for key, inner in section.model_fields.items():
        yield from _pages_of(f"{name}.{key}", inner)


def _section(field: FieldInfo) -> type[BaseModel] | None:
    """What the keys inside are: of a section, one that may be absent, or one for each name."""
    kinds = get_args(field.annotation) or (field.annotation,)
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _table(fields: dict[str, FieldInfo], where: str = "") -> Iterator[str]:
    yield "| key | default | meaning |"
    yield "|---|---|---|"
    for name, field in fields.items():
        yield f"| `{name}` | {_default(field)} | {_meaning(field, f'{where}.{name}')} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "mandatory"
    default = field.get_default(call_default_factory=True)
    return "its own" if isinstance(default, BaseModel) else _quoted(default)


def _meaning(field: FieldInfo, where: str) -> str:
    """What is written under the field; of a section its first line; and where its keys are."""
    section = _section(field)
    if section is None:
        return _sentence(field.description)
    where = f"{where}.NAME" if get_origin(field.annotation) is dict else where
    return f"{_sentence(field.description or section.__doc__)} Its keys: `{where}`, below."


def _quoted(value: object) -> str:
    return f"`{_written(value)}`" if _written(value) else "none"


def _written(value: object) -> str:
    """A default as it would be written in the file."""
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
            if seconds >= size and seconds % size == 0:
                return f"{seconds / size:g}{unit}"
        return f"{seconds * 1000:g}ms"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value >= 10**6 and value % 10**6 == 0:
        return f"{value // 10**6}MB"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_written(one) for one in value) + "]"
    return "" if value is None else str(value)


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _docstrings(source: str) -> dict[str, str]:
    """The string under each member of an enumeration."""
    found, name = {}, ""
    for line in source.splitlines():
        stripped = line.strip()
        if " = " in stripped and stripped.split(" = ")[0].isupper():
            name = stripped.split(" = ")[0]
        elif stripped.startswith('"""') and name:
            found[name] = stripped.strip('"')
            name = ""
    return found


if __name__ == "__main__":
    sys.exit(main())

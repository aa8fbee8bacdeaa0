# ruff: noqa: INP001 - a script
"""Writes the dashboards beside it: fleet, one model, one site. `make docs`; with --check says if they are current.

Replicas see the same ledger: what each of them measures counts once (`max by`), what each has done is added up.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "dashboards"
WIDTH, HEIGHT, COLUMNS = 12, 8, 2
SOURCE = {"type": "prometheus", "uid": "prometheus"}
WINDOW = "5m"


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: what is asked, how a line is called."""

    title: str
    query: str
    legend: str = ""
    unit: str = "short"
    """Grafana's name of a unit: s, Bps, percentunit."""


def quantile(share: float, metric: str, by: str = "", where: str = "") -> str:
    """The query for a quantile of a histogram."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{where}[{WINDOW}])))"


def rate(metric: str, by: str, where: str = "") -> str:
    """The query for a rate per second, by labels."""
    return f"sum by ({by}) (rate({metric}{where}[{WINDOW}]))"


def of_containers(metric: str) -> str:
    """The query for a metric of the chosen model's own containers, which name their model in one metric only."""
    return f'{metric} * on (instance) group_left wetread_model_info{{model="$model"}}'


FLEET = (
    Panel("Studies an hour", '3600 * sum(rate(wetread_events_total{event="study_noticed"}[5m]))', "studies"),
    Panel("Waiting, by model", "max by (model) (wetread_queue_depth)", "{{model}}"),
    Panel("Oldest waiting", "max by (model) (wetread_oldest_job_seconds)", "{{model}}", "s"),
    Panel("Containers that take work", "max by (model) (wetread_model_endpoints)", "{{model}}"),
    Panel("Containers left alone after failures", "max by (model) (wetread_model_breakers_open)", "{{model}}"),
    Panel("Result after, 95 %", quantile(0.95, "wetread_result_seconds", "model"), "{{model}}", "s"),
    Panel("Stored after the last instance, 95 %", quantile(0.95, "wetread_stored_seconds", "model"), "{{model}}", "s"),
    Panel(
        "Proven at the destination after the last instance, 95 %",
        quantile(0.95, "wetread_proven_seconds", "model, destination"),
        "{{model}} {{destination}}",
        "s",
    ),
    Panel("Retries", rate("wetread_retries_total", "model, error"), "{{model}} {{error}}"),
    Panel("Failed jobs", 'sum(increase(wetread_events_total{event="job_failed"}[5m]))', "failed"),
    Panel("Deliveries", "max by (destination, state) (wetread_deliveries)", "{{destination}} {{state}}"),
    Panel(
        "Longest on its way",
        'max by (destination, state) (wetread_oldest_delivery_seconds{state=~"HELD|QUEUED|SENDING|PROVING"})',
        "{{destination}} {{state}}",
        "s",
    ),
    Panel("Decisions", rate("wetread_decisions_total", "model, outcome"), "{{model}} {{outcome}}"),
)
OF_MODEL = '{model="$model"}'
MODEL = (
    Panel("Inference, median", quantile(0.5, "wetread_inference_seconds", where=OF_MODEL), "median", "s"),
    Panel("Inference, 95 %", quantile(0.95, "wetread_inference_seconds", where=OF_MODEL), "95 %", "s"),
    Panel("Answers by category", rate("wetread_predictions_total", "category", OF_MODEL), "{{category}}"),
    Panel("Share of categories, a day", f"wetread:category_share:1d{OF_MODEL}", "{{category}}", "percentunit"),
    Panel("Share of categories, four weeks", f"wetread:category_share:28d{OF_MODEL}", "{{category}}", "percentunit"),
    Panel(
        "Unsuitable, by scanner and software",
        'sum by (station, software) (increase(wetread_suitability_total{model="$model", outcome="unsuitable"}[1d]))'
        " / sum by (station, software) (increase(wetread_suitability_total" + OF_MODEL + "[1d]))",
        "{{station}} {{software}}",
        "percentunit",
    ),
    Panel("Waiting", f"max(wetread_queue_depth{OF_MODEL})", "jobs"),
    Panel("Missed, by reason", rate("wetread_misses_total", "reason", OF_MODEL), "{{reason}}"),
    Panel("Waiting in its containers", of_containers("wetread_model_queue_depth"), "{{instance}}"),
    Panel("Its GPUs at work", of_containers("wetread_model_gpu_busy_ratio"), "{{instance}} {{device}}", "percentunit"),
    Panel(
        "Memory of its GPUs", of_containers("wetread_model_gpu_memory_used_bytes"), "{{instance}} {{device}}", "bytes"
    ),
    Panel("Sent to it", rate("wetread_sent_bytes_total", "model", OF_MODEL), "bytes", "Bps"),
)
SITE = (
    Panel("Up", "up", "{{job}} {{instance}}"),
    Panel("Jobs by state", "max by (state) (wetread_jobs)", "{{state}}"),
    Panel("Free on the ledger's disk", "wetread_disk_free_bytes / wetread_disk_size_bytes", "free", "percentunit"),
    Panel(
        "Certificates end in",
        "min by (certificate) (wetread_certificate_expires_timestamp_seconds) - time()",
        "{{certificate}}",
        "s",
    ),
    Panel("Archive, on disk", "orthanc_disk_size_mb", "MB"),
    Panel("Events", rate("wetread_events_total", "event"), "{{event}}"),
)
DASHBOARDS = {"fleet": FLEET, "model": MODEL, "site": SITE}


def dashboard(name: str, panels: tuple[Panel, ...]) -> dict[str, object]:
    """A dashboard as Grafana reads it."""
    variable = {
        "name": "model",
        "type": "query",
        "datasource": SOURCE,
        "query": "label_values(wetread_queue_depth, model)",
        "refresh": 2,
    }
    return {
        "uid": f"wetread-{name}",
        "title": f"Wetread: {name}",
        "tags": ["wetread"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [variable] if name == "model" else []},
        "panels": [_placed(number, panel) for number, panel in enumerate(panels)],
    }


def _placed(number: int, panel: Panel) -> dict[str, object]:
    row, column = divmod(number, COLUMNS)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "datasource": SOURCE, "expr": panel.query, "legendFormat": panel.legend}],
    }


def main() -> None:
    """Writes, or compares."""
    stale = []
    for name, panels in DASHBOARDS.items():
        file = FOLDER / f"{name}.json"
        text = json.dumps(dashboard(name, panels), indent=2) + "\n"
        if "--check" not in sys.argv:
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            stale.append(file.name)
    if stale:
        sys.exit(f"not current: {', '.join(stale)}; type:  make docs")


if __name__ == "__main__":
    main()

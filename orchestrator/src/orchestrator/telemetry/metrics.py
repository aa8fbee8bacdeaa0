"""All metrics, in one place; docs/metrics.md is made from this module.

Labels have few values. Those that come from outside (a model's categories, a scanner's name and
software version, which name no person) are kept few by `Few`.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from orchestrator.telemetry.events import Event
from wetread_contract.few import Few

REGISTRY = CollectorRegistry()

EVENTS = Counter(
    "wetread_events", "Things that have happened, by the name that the log gives them.", ["event"], registry=REGISTRY
)
for (
    _event
) in Event:  # Prometheus sees no increase in a number that appears with its first event: none would be told of it
    EVENTS.labels(_event.value)
PREDICTIONS = Counter(
    "wetread_predictions", "Answers of models by category; for drift.", ["model", "category"], registry=REGISTRY
)
SUITABILITY = Counter(
    "wetread_suitability",
    "Answers of models by the scanner that the study came from, and whether it could be read.",
    ["model", "station", "software", "outcome"],
    registry=REGISTRY,
)
RETRIES = Counter(
    "wetread_retries", "Attempts that are made again, by model and kind of error.", ["model", "error"],
    registry=REGISTRY,
)  # fmt: skip
SENT = Counter("wetread_sent_bytes", "Headers and pixels sent to models.", ["model"], registry=REGISTRY)
QUEUE = Gauge("wetread_queue_depth", "Jobs that have not ended, by model.", ["model"], registry=REGISTRY)
OLDEST = Gauge("wetread_oldest_job_seconds", "Age of the oldest job that has not ended.", ["model"], registry=REGISTRY)
DELIVERIES = Gauge(
    "wetread_deliveries", "Deliveries in the ledger, by destination and state.", ["destination", "state"],
    registry=REGISTRY,
)  # fmt: skip
OLDEST_DELIVERY = Gauge(
    "wetread_oldest_delivery_seconds", "For how long the oldest delivery has been in its state.",
    ["destination", "state"], registry=REGISTRY,
)  # fmt: skip
ENDPOINTS = Gauge(
    "wetread_model_endpoints", "Containers of a model that take work now; 0 for a known model that is down.", ["model"],
    registry=REGISTRY,
)  # fmt: skip
BREAKERS = Gauge(
    "wetread_model_breakers_open", "Containers of a model to which nothing is sent after failures in a row.", ["model"],
    registry=REGISTRY,
)  # fmt: skip
DISK_FREE = Gauge("wetread_disk_free_bytes", "Free on the ledger's disk.", registry=REGISTRY)
DISK_SIZE = Gauge("wetread_disk_size_bytes", "Size of the ledger's disk.", registry=REGISTRY)
DISK_FULL = Gauge(
    "wetread_disk_full", "1 while no study is taken up because the ledger's disk has no room, else 0.",
    registry=REGISTRY,
)  # fmt: skip
CERTIFICATE = Gauge(
    "wetread_certificate_expires_timestamp_seconds", "When a certificate ends, Unix time.", ["certificate"],
    registry=REGISTRY,
)  # fmt: skip
JOBS = Gauge("wetread_jobs", "Jobs in the ledger, by state.", ["state"], registry=REGISTRY)
OUTCOMES = Counter(
    "wetread_decisions", "Decisions of models' rules about studies.", ["model", "outcome"], registry=REGISTRY
)
MISSES = Counter(
    "wetread_misses", "Studies that a model's rules have missed, by the first thing that no instance passed.",
    ["model", "reason"], registry=REGISTRY,
)  # fmt: skip
INFERENCE = Histogram(
    "wetread_inference_seconds", "Time that the model itself took.", ["model"], registry=REGISTRY,
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300),
)  # fmt: skip
RESULT = Histogram(
    "wetread_result_seconds", "From reading the stable change to the result stored and read back.", ["model"],
    registry=REGISTRY, buckets=(0.1, 0.2, 0.3, 0.6, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000),
)  # fmt: skip
_WAITING_INCLUDED = (10, 30, 60, 90, 120, 180, 300, 600, 1200, 1800, 3600, 7200, 14400, 86400)
STORED = Histogram(
    "wetread_stored_seconds",
    "From a study's last instance, Orthanc's StableAge included, to its first result stored and read back.", ["model"],
    registry=REGISTRY, buckets=_WAITING_INCLUDED,
)  # fmt: skip
PROVEN = Histogram(
    "wetread_proven_seconds",
    "From a study's last instance to its result shown by the destination; the time that people hold it counts.",
    ["model", "destination"], registry=REGISTRY, buckets=_WAITING_INCLUDED,
)  # fmt: skip

CATEGORIES = Few(200)
SCANNERS = Few(100)


def table(registry: CollectorRegistry = REGISTRY) -> str:
    """Every metric of a registry with its labels, for docs/metrics.md."""
    lines = ["| metric | type | labels | what |", "|---|---|---|---|"]
    for collector in dict.fromkeys(registry._collector_to_names):  # noqa: SLF001 - the library lists them nowhere else
        described = next(iter(collector.describe()))  # type: ignore[attr-defined]
        name = f"{described.name}_total" if described.type == "counter" else described.name
        labels = ", ".join(collector._labelnames) or "–"  # type: ignore[attr-defined]  # noqa: SLF001 - nor these
        lines.append(f"| `{name}` | {described.type} | {labels} | {described.documentation} |")
    return "\n".join(lines) + "\n"


def exposition() -> bytes:
    """Everything in Prometheus's text format."""
    return generate_latest(REGISTRY)

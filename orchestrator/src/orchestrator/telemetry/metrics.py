"""All metrics, in one place. Labels have few values, and none comes from a header."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()

EVENTS = Counter(
    "wetread_events", "Things that have happened, by the name that the log gives them.", ["event"], registry=REGISTRY
)
JOBS = Gauge("wetread_jobs", "Jobs in the ledger, by state.", ["state"], registry=REGISTRY)
OUTCOMES = Counter(
    "wetread_decisions", "Decisions of models' rules about studies.", ["model", "outcome"], registry=REGISTRY
)
INFERENCE = Histogram(
    "wetread_inference_seconds", "Time that the model itself took.", ["model"], registry=REGISTRY,
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300),
)  # fmt: skip
RESULT = Histogram(
    "wetread_result_seconds", "From reading the stable change to the result stored and read back.", ["model"],
    registry=REGISTRY, buckets=(0.1, 0.2, 0.3, 0.6, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000),
)  # fmt: skip


def exposition() -> bytes:
    """Everything in Prometheus's text format."""
    return generate_latest(REGISTRY)

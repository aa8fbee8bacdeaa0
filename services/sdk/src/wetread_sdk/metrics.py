"""What a model container counts, under Prometheus' conventions; no label has unbounded or identifying values."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from wetread_contract.few import Few

INFERENCE_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Metrics:
    """All metrics of one model container, on one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.categories = Few(200)
        """Keeps what a model's author calls its answers from becoming a series each."""
        self.info = Gauge(
            "wetread_model_info",
            "1, with the name, version, first digits of the weights' digest and device of this container's model",
            ["model", "version", "weights", "device"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.calls = Gauge(
            "wetread_model_calls",
            "Predict calls going on, from the first byte to the answer",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.queued = Gauge(
            "wetread_model_queue_depth",
            "Studies received that wait for the inference thread; the orchestrator's queue comes before this one",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.inference_s = Histogram(
            "wetread_model_inference_seconds",
            "Time in the model's own code per study, decoding included",
            registry=registry,
            buckets=INFERENCE_BUCKETS_S,
        )
        self.gpu_busy = _of_device(
            "busy_ratio",
            "Share of the last sample period in which the device was at work",
            registry,
        )
        self.gpu_memory_used = _of_device("memory_used_bytes", "Memory of the device in use, by whomever", registry)
        self.gpu_memory_size = _of_device("memory_size_bytes", "Memory of the device", registry)
        self.received_bytes = Counter(
            "wetread_model_received_bytes", "Bytes of headers and pixels received", registry=registry
        )
        self.answers = Counter(
            "wetread_model_answers",
            "Answers by outcome (prediction or unsuitable) and by category or reason code",
            ["outcome", "category"],
            registry=registry,
        )
        self.refusals = Counter(
            "wetread_model_refusals",
            "Predict calls that ended without an answer, by gRPC status",
            ["code"],
            registry=registry,
        )


def _of_device(name: str, meaning: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(
        f"wetread_model_gpu_{name}", meaning, ["device"], registry=registry, multiprocess_mode="livemostrecent"
    )

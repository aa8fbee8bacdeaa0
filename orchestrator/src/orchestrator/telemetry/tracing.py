"""OpenTelemetry traces: one for each job, through the orchestrator and its model; off unless an endpoint is set.

    OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318       OTLP over HTTP; the exporter's other variables count too

    judge ──┬── predict ──── Predict (the model's process) ──┬── receive
            ├── compose                                      └── infer
            ├── store
            └── deliver, `send` and `prove` of each attempt at a destination

The ids of a trace and of its root come from the job's key: parts of one job that are days, restarts or replicas
apart find each other, and who knows a job finds its trace. Attributes are digits of the key, a hash of the study, names
of models and destinations: never a value of a header, and of an error its kind, not its text.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from importlib.metadata import version
from typing import TYPE_CHECKING, Self

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from orchestrator.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from types import TracebackType

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""OpenTelemetry's own variables; any of them switches traces on."""
SERVICE = "wetread"
_NANOSECONDS = 1_000_000_000
_root_of: ContextVar[str] = ContextVar("root_of")
"""The key of the job whose root span is being made; its ids are not random."""


class _Ids(RandomIdGenerator):
    """Random ids, but for the root of a job's trace."""

    def generate_trace_id(self) -> int:
        """Of a root span."""
        key = _root_of.get(None)
        return super().generate_trace_id() if key is None else _root(key).trace_id

    def generate_span_id(self) -> int:
        """Of any span."""
        key = _root_of.get(None)
        return super().generate_span_id() if key is None else _root(key).span_id


class _Traces:
    """Where spans go: nowhere, until `set_up` finds an endpoint."""

    def __init__(self) -> None:
        self.provider: TracerProvider | None = None


_traces = _Traces()


def set_up(environment: Mapping[str, str]) -> None:
    """Switches traces on when these variables name an endpoint."""
    if not any(environment.get(name) for name in ENDPOINTS):
        return
    about = {"service.name": environment.get("OTEL_SERVICE_NAME", SERVICE), "service.version": version("wetread")}
    provider = TracerProvider(resource=Resource.create(about), id_generator=_Ids(), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _traces.provider = provider


def shut_down() -> None:
    """Sends what has not been sent yet, and ends."""
    if _traces.provider is not None:
        _traces.provider.shutdown()
    _traces.provider = None


def judged(key: str, began: datetime, *, study: str, model: str, again: bool) -> None:
    """The span of the judgement that made a job, from the news of its study until now; the root of its trace.

    A job that is taken up again has its root already: then this is one span more below it.
    """
    provider = _traces.provider
    if provider is None:
        return
    root = None if again else _root_of.set(key)
    try:
        span = provider.get_tracer(SERVICE).start_span(
            "judge",
            context=_below(key) if again else contexts.Context(),
            attributes=_attributes(key, {"study": logs.short(study), "model": model}),
            start_time=int(began.timestamp() * _NANOSECONDS),
        )
    finally:
        if root is not None:
            _root_of.reset(root)
    span.end()


def part(name: str, key: str, **attributes: str | int) -> AbstractContextManager[object]:
    """Times a part of a job's work, named in `wetread.…` attributes; does nothing while traces are off."""
    provider = _traces.provider
    return nullcontext() if provider is None else _Part(provider.get_tracer(SERVICE), name, key, attributes)


def carried() -> tuple[tuple[str, str], ...]:
    """What tells another process below which span its own belong: metadata of a call (W3C Trace Context)."""
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return tuple(carrier.items())


class _Part:
    """A span that is the current one while its block runs."""

    def __init__(self, tracer: trace.Tracer, name: str, key: str, attributes: Mapping[str, str | int]) -> None:
        self._span = tracer.start_span(name, context=_below(key), attributes=_attributes(key, attributes))

    def __enter__(self) -> Self:
        self._token = contexts.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        contexts.detach(self._token)
        if kind is not None:
            self._span.set_status(trace.StatusCode.ERROR, kind.__name__)
        self._span.end()


def _root(key: str) -> trace.SpanContext:
    """A key is 64 hexadecimal digits of a hash: the first 32 are the trace's, the next 16 the root span's."""
    return trace.SpanContext(int(key[:32], 16), int(key[32:48], 16), True, trace.TraceFlags(trace.TraceFlags.SAMPLED))  # noqa: FBT003 - is_remote


def _below(key: str) -> contexts.Context:
    return trace.set_span_in_context(trace.NonRecordingSpan(_root(key)), contexts.Context())


def _attributes(key: str, attributes: Mapping[str, str | int]) -> dict[str, str | int]:
    return {f"wetread.{name}": value for name, value in {"job": logs.job(key), **attributes}.items()}

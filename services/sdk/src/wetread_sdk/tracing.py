"""OpenTelemetry spans of a Predict call, below the span of whoever calls; off unless an endpoint is set.

OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318       OTLP over HTTP; the exporter's other variables count too

Predict ──┬── receive     until the last byte is here
          └── infer       until the answer is there: waiting for the thread, decoding, the model
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from wetread_contract.declaration import Declaration

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""OpenTelemetry's own variables; any of them switches traces on."""


class Tracing:
    """Where one model's spans go."""

    def __init__(self, declaration: Declaration, environment: Mapping[str, str]) -> None:
        self._provider: TracerProvider | None = None
        self._tracer: trace.Tracer = trace.NoOpTracer()
        if any(environment.get(name) for name in ENDPOINTS):
            about = {
                "service.name": environment.get("OTEL_SERVICE_NAME", declaration.name),
                "service.version": declaration.version,
            }
            self._provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
            self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
            self._tracer = self._provider.get_tracer("wetread_sdk")

    @contextmanager
    def call(self, metadata: Iterable[tuple[str, str | bytes]]) -> Iterator[None]:
        """The span of a whole call; its metadata say whose trace goes on (W3C Trace Context)."""
        caller = TraceContextTextMapPropagator().extract(
            {key: value for key, value in metadata if isinstance(value, str)}, contexts.Context()
        )
        with self._span("Predict", caller, trace.SpanKind.SERVER):
            yield

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """The span of a part of the call that is going on."""
        with self._span(name, None, trace.SpanKind.INTERNAL):
            yield

    @staticmethod
    def note(**attributes: str | float) -> None:
        """Says something about the span that is going on; never a value of a header."""
        trace.get_current_span().set_attributes({f"wetread.{name}": value for name, value in attributes.items()})

    def shut_down(self) -> None:
        """Sends what has not been sent yet, and ends."""
        if self._provider is not None:
            self._provider.shutdown()

    @contextmanager
    def _span(self, name: str, within: contexts.Context | None, kind: trace.SpanKind) -> Iterator[None]:
        # Texts of exceptions stay here: an author's may quote a header.
        with self._tracer.start_as_current_span(
            name, context=within, kind=kind, record_exception=False, set_status_on_exception=False
        ) as span:
            ended = False
            try:
                yield
                ended = True
            finally:
                if not ended:
                    span.set_status(trace.StatusCode.ERROR)

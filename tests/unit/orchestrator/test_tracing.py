from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.fakes.collector import Collector

from orchestrator.errors import ModelUnavailable
from orchestrator.telemetry import tracing

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "0123456789abcdef" * 4
MOMENT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        tracing.set_up({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint})
        yield collector
        tracing.shut_down()


def test_without_an_endpoint_no_call_carries_a_trace() -> None:
    tracing.set_up({})

    with tracing.part("predict", KEY):
        assert tracing.carried() == ()


def test_a_call_carries_the_trace_of_its_job(collector: Collector) -> None:
    with tracing.part("predict", KEY):
        (carried,) = tracing.carried()
    tracing.shut_down()

    (span,) = collector.spans
    assert carried == ("traceparent", f"00-{KEY[:32]}-{span.span_id}-01")
    assert tracing.carried() == ()


def test_a_job_that_is_taken_up_again_keeps_the_root_that_it_has(collector: Collector) -> None:
    tracing.judged(KEY, MOMENT, study="study", model="tester", again=False)
    tracing.judged(KEY, MOMENT, study="study", model="tester", again=True)
    tracing.judged("f" * 64, MOMENT, study="study", model="tester", again=False)
    tracing.shut_down()

    first, again, other = collector.spans
    assert (first.trace_id, first.span_id, first.parent_id) == (KEY[:32], KEY[32:48], "")
    assert (again.trace_id, again.parent_id) == (first.trace_id, first.span_id)
    assert again.span_id != first.span_id
    assert (other.trace_id, other.parent_id) == ("f" * 32, "")


def test_of_an_error_the_trace_has_its_kind_and_not_its_text(collector: Collector) -> None:
    with pytest.raises(ModelUnavailable), tracing.part("predict", KEY):
        raise ModelUnavailable("DOE^JANE")
    tracing.shut_down()

    assert [one.failed for one in collector.spans] == [True]
    sent = b"".join(collector.bodies)
    assert b"ModelUnavailable" in sent
    assert b"DOE" not in sent

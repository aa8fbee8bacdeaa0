"""What model.proto promises, asked of the SDK over real gRPC by a real client."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from importlib.metadata import version
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tests.dicom_factories import as_file, four_view_study
from tests.fakes import models
from tests.fakes.model_caller import Caller, calling, instances_of, refusal
from tests.fakes.predict_stream import parts

from wetread.v1 import model_pb2
from wetread_contract.declaration import parse
from wetread_contract.wire import answer_from_proto
from wetread_sdk import Findings, Study, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.predict_stream import SplitInstance

Requests = list[model_pb2.PredictRequest]
SERVICE = "wetread.v1.ModelService"


@pytest.fixture(scope="module")
def exam() -> list[SplitInstance]:
    return instances_of(as_file(dataset) for dataset in four_view_study())


def test_describe_says_who_the_model_is(tmp_path: Path) -> None:
    settings = models.settings(tmp_path, concurrency=3, max_bytes=1000, image_digest="sha256:" + "0" * 64)
    text = settings.declaration.read_text()

    with calling(models.Answering(), settings) as caller:
        described = caller.described

    assert described.declaration_yaml == text
    assert parse(described.declaration_yaml).name == models.NAME
    assert described.declaration_sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert described.weights_sha256 == models.WEIGHTS
    assert described.image_digest == settings.image_digest
    assert described.runtime.sdk == f"wetread-sdk {version('wetread-sdk')}"
    assert (described.limits.concurrency, described.limits.max_bytes) == (3, 1000)


@pytest.mark.parametrize(("setting", "described"), [(1, 1), (0, 3), (9, 3)])
def test_a_site_may_lower_concurrency_but_not_raise_it(tmp_path: Path, setting: int, described: int) -> None:
    with calling(models.Answering(), models.settings(tmp_path, concurrency=3, lowered_to=setting)) as caller:
        assert caller.described.limits.concurrency == described


def test_an_exam_arrives_whole_and_in_order(tmp_path: Path, exam: list[SplitInstance]) -> None:
    seen: list[tuple[str, bytes, tuple[int, ...]]] = []

    def remember(study: Study) -> Findings:
        for instance in study.instances:
            with instance.file() as file:
                content = file.read()
            seen.append((instance.reference.sop_instance_uid, content, instance.pixels().shape))
        return models.ANSWER

    with calling(models.Answering(remember), models.settings(tmp_path)) as caller:
        response = caller.predict(caller.requests(exam)).result()

    assert [(uid, content) for uid, content, _ in seen] == [
        (each.reference.sop_instance_uid, each.header + each.pixels) for each in exam
    ]
    assert {shape for _, _, shape in seen} == {(64, 48)}
    assert answer_from_proto(response) == models.ANSWER
    assert response.weights_sha256 == models.WEIGHTS
    assert response.inference_s > 0


def test_pixels_may_be_split_anywhere(tmp_path: Path, exam: list[SplitInstance]) -> None:
    with calling(models.Answering(), models.settings(tmp_path)) as caller:
        opened = caller.requests(exam[:1])[0]
        answered = caller.predict([opened, *parts(exam[0], chunk_bytes=7)]).result()

    assert answered.WhichOneof("result") == "prediction"


def test_an_instance_without_pixels_is_allowed(tmp_path: Path, exam: list[SplitInstance]) -> None:
    with calling(models.Answering(), models.settings(tmp_path)) as caller:
        answered = caller.predict(caller.requests(exam[:1])[:2]).result()

    assert answered.WhichOneof("result") == "prediction"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("model_name", "other", "the model here is fake, the caller means other"),
        ("model_version", "2.0.0", "the version here is 1.0.0, the caller means 2.0.0"),
        ("weights_sha256", "cd" * 32, "the weights here is"),
        ("weights_sha256", "", "the caller means none"),
    ],
)
def test_another_model_than_the_caller_means_refuses(
    tmp_path: Path, exam: list[SplitInstance], field: str, value: str, said: str
) -> None:
    with calling(models.Answering(), models.settings(tmp_path)) as caller:
        requests = caller.requests(exam)
        setattr(requests[0].header, field, value)
        code, details = refusal(caller.predict(requests))

    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert said in details


def test_more_bytes_than_declared_are_refused(tmp_path: Path, exam: list[SplitInstance]) -> None:
    size_bytes = sum(len(each.header) + len(each.pixels) for each in exam)
    with calling(models.Answering(), models.settings(tmp_path, max_bytes=size_bytes)) as caller:
        answered = caller.predict(caller.requests(exam)).result()
    with calling(models.Answering(), models.settings(tmp_path, max_bytes=size_bytes - 1)) as caller:
        code, details = refusal(caller.predict(caller.requests(exam)))

    assert answered.WhichOneof("result") == "prediction"
    assert code is grpc.StatusCode.OUT_OF_RANGE
    assert f"{size_bytes - 1} bytes" in details


@pytest.mark.parametrize("predict", [models.unsuitable, models.raises_unsuitable])
def test_an_unsuitable_study_is_a_result(tmp_path: Path, exam: list[SplitInstance], predict: object) -> None:
    with calling(models.Answering(predict), models.settings(tmp_path)) as caller:  # type: ignore[arg-type]
        response = caller.predict(caller.requests(exam)).result()
        counted = caller.metric("wetread_model_answers_total", outcome="unsuitable", category="too_dark")

    assert (response.unsuitable.code, response.unsuitable.reason) == ("too_dark", "the picture is too dark")
    assert counted == 1


def test_pixels_that_cannot_be_decoded_are_unsuitable(tmp_path: Path, exam: list[SplitInstance]) -> None:
    def decode(study: Study) -> Findings:
        study.instances[0].pixels()
        return models.ANSWER

    with calling(models.Answering(decode), models.settings(tmp_path)) as caller:
        opened, instance, chunk, *_ = caller.requests(exam[:1])
        chunk.chunk.data = chunk.chunk.data[:100]
        response = caller.predict([opened, instance, chunk]).result()

    assert response.unsuitable.code == "pixels_unreadable"


def test_what_an_authors_code_raises_never_reaches_the_wire(
    tmp_path: Path, exam: list[SplitInstance], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(study: Study) -> Findings:
        raise LookupError(f"no entry for {study.instances[0].dataset.PatientID}")

    with caplog.at_level("DEBUG"), calling(models.Answering(fail), models.settings(tmp_path)) as caller:
        code, details = refusal(caller.predict(caller.requests(exam)))

    logged = "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert code is grpc.StatusCode.INTERNAL
    assert "LookupError" in details
    assert "prediction_failed" in logged
    assert "WETREAD-SYNTHETIC" not in details + logged


def test_a_full_endpoint_refuses_before_bytes_flow_and_takes_work_again_afterwards(
    tmp_path: Path, exam: list[SplitInstance]
) -> None:
    model = models.Held()
    with calling(model, models.settings(tmp_path, concurrency=1)) as caller:
        first = caller.predict(caller.requests(exam))
        assert model.begun.acquire(timeout=10)
        received = caller.metric("wetread_model_received_bytes_total")
        code, _ = refusal(caller.predict(caller.requests(exam)))
        received_then = caller.metric("wetread_model_received_bytes_total")
        model.let_go.set()
        first.result()
        again = caller.predict(caller.requests(exam)).result()

    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert received_then == received
    assert again.WhichOneof("result") == "prediction"


def test_a_second_call_waits_for_the_one_thread(tmp_path: Path, exam: list[SplitInstance]) -> None:
    model = models.Held()
    with calling(model, models.settings(tmp_path, concurrency=2)) as caller:
        first, second = (caller.predict(caller.requests(exam)) for _ in range(2))
        assert model.begun.acquire(timeout=10)
        assert not model.begun.acquire(timeout=0.2)
        model.let_go.set()
        answers = [call.result().WhichOneof("result") for call in (first, second)]

    assert answers == ["prediction", "prediction"]


def test_work_whose_caller_has_gone_is_dropped(tmp_path: Path, exam: list[SplitInstance]) -> None:
    model = models.Held()
    with calling(model, models.settings(tmp_path, concurrency=2)) as caller:
        running, waiting = (caller.predict(caller.requests(exam)) for _ in range(2))
        assert model.begun.acquire(timeout=10)
        waiting.cancel()
        running.cancel()
        assert model.abandoned.wait(10)
        model.let_go.set()
        answered = caller.predict(caller.requests(exam)).result()

    assert answered.WhichOneof("result") == "prediction"
    assert model.answered == 1


def test_a_callers_deadline_drops_the_work(tmp_path: Path, exam: list[SplitInstance]) -> None:
    model = models.Held()
    with calling(model, models.settings(tmp_path)) as caller:
        code, _ = refusal(caller.predict(caller.requests(exam), timeout_s=0.3))
        assert model.abandoned.wait(10)

    assert code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_caller_without_deadline_gets_the_declarations(tmp_path: Path, exam: list[SplitInstance]) -> None:
    model = models.Held()
    with calling(model, models.settings(tmp_path, deadline_s=0.3)) as caller:
        code, details = refusal(caller.predict(caller.requests(exam)))
        assert model.abandoned.wait(10)

    assert code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "grants 0.3 s" in details


def test_a_caller_who_stops_sending_is_not_waited_for_longer_than_the_deadline(
    tmp_path: Path, exam: list[SplitInstance]
) -> None:
    over = threading.Event()

    def stalled(requests: Requests) -> Iterator[model_pb2.PredictRequest]:
        yield from requests[:2]
        over.wait(20)

    with calling(models.Answering(), models.settings(tmp_path, concurrency=1, deadline_s=0.3)) as caller:
        code, _ = refusal(caller.predict(stalled(caller.requests(exam))))
        over.set()
        answered = caller.predict(caller.requests(exam)).result()

    assert code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert answered.WhichOneof("result") == "prediction"


def test_stopping_lets_calls_end_and_takes_no_new_one(tmp_path: Path, exam: list[SplitInstance]) -> None:
    model, stop = models.Held(), contextlib.ExitStack()
    served = stop.enter_context(running(model, models.settings(tmp_path, concurrency=1)))
    stopping = threading.Thread(target=stop.close)
    with grpc.insecure_channel(served.address) as channel:
        caller = Caller.of(channel, served)
        call = caller.predict(caller.requests(exam))
        assert model.begun.acquire(timeout=10)
        stopping.start()
        attempts = iter(lambda: refusal(caller.predict(caller.requests(exam)))[0], grpc.StatusCode.OK)
        refused = next(code for code in attempts if code is not grpc.StatusCode.RESOURCE_EXHAUSTED)
        health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10).status
        still_going_on = not call.done()
        model.let_go.set()
        answered = call.result()
        stopping.join(20)

    assert refused is grpc.StatusCode.UNAVAILABLE
    assert health == health_pb2.HealthCheckResponse.NOT_SERVING
    assert still_going_on
    assert answered.WhichOneof("result") == "prediction"
    assert not stopping.is_alive()


def test_stopping_waits_no_longer_than_it_may(tmp_path: Path, exam: list[SplitInstance]) -> None:
    model, stop = models.Held(), contextlib.ExitStack()
    served = stop.enter_context(running(model, models.settings(tmp_path, drain_s=0.2)))
    with grpc.insecure_channel(served.address) as channel:
        caller = Caller.of(channel, served)
        watched = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=60)
        call = caller.predict(caller.requests(exam))
        assert model.begun.acquire(timeout=10)
        stop.close()
        code, _ = refusal(call)
        assert model.abandoned.wait(10)
        watched.cancel()

    assert code in {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}


def test_health_is_served_under_both_names(tmp_path: Path) -> None:
    with calling(models.Answering(), models.settings(tmp_path)) as caller:
        stub = health_pb2_grpc.HealthStub(caller.channel)
        answers = {
            name: stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=10).status for name in ("", SERVICE)
        }

    assert answers == dict.fromkeys(("", SERVICE), health_pb2.HealthCheckResponse.SERVING)


def test_reflection_names_the_service(tmp_path: Path) -> None:
    with calling(models.Answering(), models.settings(tmp_path)) as caller:
        stub = reflection_pb2_grpc.ServerReflectionStub(caller.channel)
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        (answer,) = stub.ServerReflectionInfo(iter([asked]), timeout=10)

    assert SERVICE in {service.name for service in answer.list_services_response.service}


def test_metrics_count_answers_bytes_and_seconds(tmp_path: Path, exam: list[SplitInstance]) -> None:
    with calling(models.Answering(), models.settings(tmp_path)) as caller:
        caller.predict(caller.requests(exam)).result()
        refusal(caller.predict([]))

        assert caller.metric("wetread_model_answers_total", outcome="prediction", category="B") == 1
        assert caller.metric("wetread_model_refusals_total", code="INVALID_ARGUMENT") == 1
        assert caller.metric("wetread_model_inference_seconds_count") == 1
        assert caller.metric("wetread_model_queue_depth") == 0
        assert caller.metric("wetread_model_received_bytes_total") == sum(
            len(each.header) + len(each.pixels) for each in exam
        )


def test_a_model_that_cannot_load_says_so_and_opens_no_port(tmp_path: Path) -> None:
    class Broken(models.Answering):
        def load(self, context: object) -> models.Loaded:
            del context
            raise RuntimeError("no weights")

    with pytest.raises(RuntimeError, match="no weights"), calling(Broken(), models.settings(tmp_path)):
        pass

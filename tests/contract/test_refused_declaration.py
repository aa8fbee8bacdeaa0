"""A model whose declaration has errors says which, over gRPC, to whoever asks: the orchestrator shows it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import grpc
import pytest
from demo.waiting import until
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.fakes import models
from tests.fakes.model_caller import refusal

from orchestrator.dispatch.registry import Registry
from orchestrator.settings import ModelSettings
from wetread.v1 import model_pb2, model_pb2_grpc
from wetread_contract.declaration import DeclarationError, parse
from wetread_sdk import Loaded, Settings, running
from wetread_sdk.refusing import DETAILS_BYTES, details

if TYPE_CHECKING:
    from pathlib import Path

WRONG = models.DECLARATION.replace("  Modality:", "  ViewPositon: CC\n  Modality:").replace("level: study", "level: no")


class NeverLoaded(models.Answering):
    def load(self, context: object) -> Loaded:
        raise AssertionError(context)


def spoilt(folder: Path, text: str) -> Settings:
    settings = models.settings(folder)
    settings.declaration.write_text(filled(text))
    return settings


def filled(text: str) -> str:
    return text.format(name=models.NAME, version=models.VERSION, concurrency=1, deadline_s=9, max_bytes=9)


def registry_of(address: str) -> Registry:
    return Registry(ModelSettings(addresses=(address,)), lambda _: False, lambda: datetime.now(UTC))


def test_describe_and_predict_answer_with_every_problem_and_what_would_be_right(tmp_path: Path) -> None:
    with (
        running(NeverLoaded(), spoilt(tmp_path, WRONG)) as served,
        grpc.insecure_channel(served.address) as channel,
    ):
        stub = model_pb2_grpc.ModelServiceStub(channel)
        said = [
            refusal(stub.Describe.future(model_pb2.DescribeRequest(), timeout=10)),
            refusal(stub.Predict.future(iter(()), timeout=10)),
        ]
        status = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10).status

    assert said[0] == said[1]
    code, text = said[0]
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert "model.yaml:9:3" in text
    assert "`ViewPosition`" in text
    assert "level" in text
    assert status == health_pb2.HealthCheckResponse.NOT_SERVING


def test_the_orchestrator_shows_what_the_container_said(tmp_path: Path) -> None:
    with (
        running(NeverLoaded(), spoilt(tmp_path, WRONG)) as served,
        contextlib.closing(registry_of(served.address)) as registry,
    ):
        registry.refresh()

        assert registry.live() == []
        assert "did you mean `ViewPosition`?" in registry.refusals()[served.address]


def test_a_model_that_is_repaired_joins_and_its_refusal_is_forgotten(tmp_path: Path) -> None:
    with running(NeverLoaded(), spoilt(tmp_path, WRONG)) as served:
        registry = registry_of(served.address)
        registry.refresh()
        refused = registry.refusals()
    repaired = replace(models.settings(tmp_path), grpc_port=int(served.address.rpartition(":")[2]))
    with running(models.Answering(), repaired), contextlib.closing(registry):
        until(lambda: registry.refresh() or None, what="the model joins", deadline_s=20)

        assert refused.keys() == {served.address}
        assert registry.refusals() == {}
        assert [one.identity.name for one in registry.live()] == [models.NAME]


def test_a_text_longer_than_a_status_holds_says_how_much_is_left_out() -> None:
    conditions = "".join(f"  Größe{number}: 1\n" for number in range(200))
    with pytest.raises(DeclarationError) as error:
        parse(filled(models.DECLARATION.replace("  Modality:", conditions + "  Modality:")))

    text = details(error.value)

    kept = text.count("is not a DICOM keyword")
    assert 5 < kept < 200
    assert text.endswith(f"{len(error.value.problems) - kept} more in the container's log (event declaration_refused)")
    assert len(text.encode()) <= DETAILS_BYTES + 100

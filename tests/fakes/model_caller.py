"""A caller of a model service over real gRPC, for tests."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from tests.fakes import models
from tests.fakes.predict_stream import SplitInstance, header, parts, split

from wetread.v1 import model_pb2, model_pb2_grpc
from wetread_sdk import Model, Running, Settings, running

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Caller:
    """One channel to one model that runs in a thread of this process."""

    stub: model_pb2_grpc.ModelServiceStub
    channel: grpc.Channel
    running: Running
    described: model_pb2.DescribeResponse

    @classmethod
    def of(cls, channel: grpc.Channel, served: Running) -> Caller:
        """A caller who has asked the model to describe itself."""
        stub = model_pb2_grpc.ModelServiceStub(channel)
        return cls(stub, channel, served, stub.Describe(model_pb2.DescribeRequest(), timeout=TIMEOUT_S))

    def predict(self, requests: Iterable[model_pb2.PredictRequest], timeout_s: float = TIMEOUT_S) -> grpc.Call:
        """The call; its result is awaited by `result()`."""
        return self.stub.Predict.future(iter(requests), timeout=timeout_s)

    def requests(self, instances: Iterable[SplitInstance]) -> list[model_pb2.PredictRequest]:
        """All messages of a correct call."""
        chosen = list(instances)
        opened = header(self.described, models.NAME, models.VERSION, chosen)
        return [opened, *(part for instance in chosen for part in parts(instance))]

    def metric(self, name: str, **labels: str) -> float:
        """The value of one of the model's metrics; 0 where it was never touched."""
        return self.running.registry.get_sample_value(name, labels) or 0.0


@contextlib.contextmanager
def calling(model: Model, settings: Settings) -> Iterator[Caller]:
    """A model, served, and a caller who has asked it to describe itself."""
    with running(model, settings) as served, grpc.insecure_channel(served.address) as channel:
        yield Caller.of(channel, served)


def instances_of(files: Iterable[bytes]) -> list[SplitInstance]:
    """Files as they go over the wire."""
    return [split(content) for content in files]


def refusal(call: grpc.Call) -> tuple[grpc.StatusCode, str]:
    """Status and text of a call that must fail."""
    error = call.exception(timeout=TIMEOUT_S)
    if error is None:
        msg = "the call was answered"
        raise AssertionError(msg)
    return error.code(), error.details()

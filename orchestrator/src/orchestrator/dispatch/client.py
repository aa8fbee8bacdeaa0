"""One Predict call: instances stream from the archive to the model, the answer comes back typed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from orchestrator.dispatch.fingerprint import DAMAGED, shown
from orchestrator.dispatch.part10 import ArrivingFile, encoded
from orchestrator.errors import (
    AnswerInvalid,
    Cancelled,
    InstanceUnreadable,
    ModelFull,
    ModelRefused,
    ModelUnavailable,
    WetreadError,
)
from orchestrator.handoffs import Digest, Prediction
from orchestrator.telemetry import metrics, tracing
from wetread.v1 import model_pb2, model_pb2_grpc
from wetread_contract.wire import answer_from_proto

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import datetime

    from pydicom import Dataset

    from orchestrator.handoffs import Dispatch, DispatchedInstance
    from orchestrator.orthanc.archive import Archive

CHECK_S = 0.2
"""How often a waiting call looks whether it should stop."""

_RETRY = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.CANCELLED,
        # A container that was replaced at the same address: the registry will have noticed by the next attempt.
        grpc.StatusCode.FAILED_PRECONDITION,
    }
)
_REFUSED = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.DATA_LOSS,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS,
    }
)


@dataclass(frozen=True, slots=True)
class Answered:
    """A prediction, the bytes that it was made from, and the first instance's header as the archive has it."""

    prediction: Prediction
    content: bytes
    source: Dataset | None
    inputs: Mapping[str, Digest]
    """Fingerprints of what the model was shown, by SOP instance UID; none where it did not want to see all."""


def predict(
    dispatch: Dispatch,
    channel: grpc.Channel,
    endpoint: str,
    archive: Archive,
    *,
    deadline_s: float,
    needs: Collection[str],
    stop: Callable[[], bool],
    clock: Callable[[], datetime],
) -> Answered:
    """The model's answer about the dispatched instances.

    Raises `ModelFull`, `ModelUnavailable`, `ModelRefused`, `AnswerInvalid`, `InstanceUnreadable`,
    `Cancelled` (when `stop` says so), and what the archive raises.
    """
    outgoing = _Outgoing(dispatch, archive, needs)
    stub = model_pb2_grpc.ModelServiceStub(channel)
    call = stub.Predict.future(iter(outgoing), timeout=deadline_s, metadata=tracing.carried())
    try:
        response = _wait(call, stop)
    except grpc.RpcError as error:
        if outgoing.failure is not None:
            raise outgoing.failure from error
        raise translated(error, endpoint) from error
    finally:
        call.cancel()
    content = response.SerializeToString(deterministic=True)
    inputs = outgoing.fingerprints if len(outgoing.fingerprints) == len(dispatch.instances) else {}
    return Answered(decoded(content, endpoint, clock()), content, outgoing.source, inputs)


def decoded(content: bytes, endpoint: str, received_at: datetime) -> Prediction:
    """A saved answer as a value. Raises `AnswerInvalid`."""
    response = model_pb2.PredictResponse.FromString(content)
    try:
        answer = answer_from_proto(response)
    except ValueError as error:
        raise AnswerInvalid("the model's answer breaks the contract; the author's own test says where") from error
    return Prediction(answer, Digest(response.weights_sha256), response.inference_s, endpoint, received_at)


def translated(error: grpc.RpcError, endpoint: str) -> WetreadError:
    """The one place where gRPC's status codes become our errors; the proto says which mean retry."""
    code = error.code() if isinstance(error, grpc.Call) else grpc.StatusCode.UNKNOWN
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return ModelFull(f"{endpoint} is full; tried again when it has room")
    if code in _REFUSED:
        return ModelRefused(f"{endpoint} answers {code.name}; the container's log says why")
    return ModelUnavailable(f"{endpoint} answers {code.name}; tried again")


def _wait(call: grpc.Future[model_pb2.PredictResponse], stop: Callable[[], bool]) -> model_pb2.PredictResponse:
    while True:
        with suppress(grpc.FutureTimeoutError):
            return call.result(timeout=CHECK_S)
        if stop():
            call.cancel()
            raise Cancelled("stopped while the model was working")


class _Outgoing:
    """The messages of one call, made while they are sent: never more than a header and a chunk is held."""

    def __init__(self, dispatch: Dispatch, archive: Archive, needs: Collection[str]) -> None:
        self._dispatch = dispatch
        self._archive = archive
        self._needs = needs
        self.source: Dataset | None = None
        """The first instance's attributes as the archive has them."""
        self.fingerprints: dict[str, Digest] = {}
        """Of the instances that have left, by SOP instance UID."""
        self.failure: WetreadError | None = None
        """Why the stream broke off, if it was on our side: gRPC only says that it did."""

    def __iter__(self) -> Iterator[model_pb2.PredictRequest]:
        try:
            yield self._header()
            for instance in self._dispatch.instances:
                yield from self._instance(instance)
        except WetreadError as error:
            self.failure = error
            raise
        except DAMAGED as error:
            self.failure = InstanceUnreadable("the stored file's header is damaged and cannot be sent on")
            raise self.failure from error

    def _header(self) -> model_pb2.PredictRequest:
        dispatch = self._dispatch
        return model_pb2.PredictRequest(
            header=model_pb2.PredictHeader(
                job_key=dispatch.job_key,
                attempt=dispatch.attempt,
                model_name=dispatch.model.name,
                model_version=dispatch.model.version,
                weights_sha256=dispatch.model.weights_sha256,
                instances=[
                    model_pb2.InstanceReference(
                        study_instance_uid=instance.reference.study_instance_uid,
                        series_instance_uid=instance.reference.series_instance_uid,
                        sop_class_uid=instance.reference.sop_class_uid,
                        sop_instance_uid=instance.reference.sop_instance_uid,
                    )
                    for instance in dispatch.instances
                ],
            )
        )

    def _instance(self, instance: DispatchedInstance) -> Iterator[model_pb2.PredictRequest]:
        uid = instance.reference.sop_instance_uid
        with self._archive.open_instance(instance.orthanc_id) as stream:
            arriving = ArrivingFile(stream)
            if arriving.header.get("SOPInstanceUID") != uid:
                raise InstanceUnreadable("the archive sent another instance than the one asked for")
            if self.source is None:
                self.source = arriving.header
            sent, fingerprint = shown(arriving.header, self._needs)
            header = model_pb2.InstanceHeader(sop_instance_uid=uid, header=encoded(sent))
            yield model_pb2.PredictRequest(instance=header)
            for chunk in arriving.pixels():
                fingerprint.update(chunk)
                metrics.SENT.labels(self._dispatch.model.name).inc(len(chunk))
                yield model_pb2.PredictRequest(chunk=model_pb2.PixelChunk(data=chunk))
            self.fingerprints[uid] = fingerprint.digest()

"""What a caller is told whose stream is not what model.proto says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from tests.dicom_factories import as_file, four_view_study
from tests.fakes import models
from tests.fakes.model_caller import calling, instances_of, refusal

from wetread.v1 import model_pb2

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.predict_stream import SplitInstance

Requests = list[model_pb2.PredictRequest]


@pytest.fixture(scope="module")
def exam() -> list[SplitInstance]:
    return instances_of(as_file(dataset) for dataset in four_view_study())


def without_header(requests: Requests) -> Requests:
    return requests[1:]


def nothing(_: Requests) -> Requests:
    return []


def header_twice(requests: Requests) -> Requests:
    return [requests[0], *requests]


def empty_message(requests: Requests) -> Requests:
    return [*requests, model_pb2.PredictRequest()]


def chunk_before_instance(requests: Requests) -> Requests:
    return [requests[0], requests[2], requests[1]]


def swapped_instances(requests: Requests) -> Requests:
    return [requests[0], *requests[3:5], *requests[1:3], *requests[5:]]


def one_instance_less(requests: Requests) -> Requests:
    return requests[:-2]


def one_instance_more(requests: Requests) -> Requests:
    return [*requests, requests[-2]]


def oversized_chunk(requests: Requests) -> Requests:
    return [*requests, model_pb2.PredictRequest(chunk=model_pb2.PixelChunk(data=bytes(2**20 + 1)))]


def no_dicom(requests: Requests) -> Requests:
    spoilt = model_pb2.PredictRequest()
    spoilt.CopyFrom(requests[1])
    spoilt.instance.header = b"GIF89a" * 100
    return [requests[0], spoilt]


def nothing_announced(requests: Requests) -> Requests:
    spoilt = model_pb2.PredictRequest()
    spoilt.CopyFrom(requests[0])
    del spoilt.header.instances[:]
    return [spoilt]


def announced_twice(requests: Requests) -> Requests:
    spoilt = model_pb2.PredictRequest()
    spoilt.CopyFrom(requests[0])
    spoilt.header.instances.append(spoilt.header.instances[0])
    return [spoilt, *requests[1:]]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without_header, "first message must be a PredictHeader, not instance"),
        (nothing, "first message must be a PredictHeader, not nothing"),
        (header_twice, "second PredictHeader"),
        (empty_message, "without content"),
        (chunk_before_instance, "PixelChunk before the first InstanceHeader"),
        (swapped_instances, "instance 1 is not the one"),
        (one_instance_less, "ended after 3 of 4 instances"),
        (one_instance_more, "more instances than the 4"),
        (oversized_chunk, "PixelChunk of 1048577 bytes"),
        (no_dicom, "instance 1 does not begin a DICOM Part 10 file"),
        (nothing_announced, "announces no instance"),
        (announced_twice, "announces an instance twice"),
    ],
)
def test_a_stream_that_breaks_the_contract_is_told_what_is_wrong(
    tmp_path: Path, exam: list[SplitInstance], spoil: object, said: str
) -> None:
    assert callable(spoil)
    with calling(models.Answering(), models.settings(tmp_path)) as caller:
        code, details = refusal(caller.predict(spoil(caller.requests(exam))))
        answered = caller.predict(caller.requests(exam)).result()

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert said in details
    assert answered.WhichOneof("result") == "prediction"

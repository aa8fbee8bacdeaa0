"""Why a call is not answered; each kind is one gRPC status, which tells the caller whether to try again.

    Refused
    ├── ContractBroken     INVALID_ARGUMENT      the stream is not what model.proto says: do not retry
    ├── TooLarge           OUT_OF_RANGE          more bytes than the declaration's limit: do not retry
    ├── AnotherModel       FAILED_PRECONDITION   the caller means another model, version or weights
    ├── Full               RESOURCE_EXHAUSTED    as many calls as are allowed are going on: wait, then retry
    ├── Leaving            UNAVAILABLE           this endpoint is about to end: another one, or later
    ├── Late               DEADLINE_EXCEEDED     the time that the declaration grants is over
    └── ModelFailed        INTERNAL              the author's code raised, or answered what no answer can be

Texts go over the wire and into logs, so they never hold a value from a header.
"""

from __future__ import annotations

from typing import ClassVar

import grpc


class Refused(Exception):
    """The root; never raised itself."""

    code: ClassVar[grpc.StatusCode]


class ContractBroken(Refused):
    """The stream is not what `model.proto` says."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class TooLarge(Refused):
    """The study has more bytes than the declaration takes."""

    code = grpc.StatusCode.OUT_OF_RANGE


class AnotherModel(Refused):
    """The caller believes to be talking to somebody else."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class Full(Refused):
    """As many calls as are allowed are going on."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class Leaving(Refused):
    """This endpoint is about to end."""

    code = grpc.StatusCode.UNAVAILABLE


class Late(Refused):
    """The time that the declaration grants is over."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED


class ModelFailed(Refused):
    """The author's code raised, or answered what no answer can be."""

    code = grpc.StatusCode.INTERNAL

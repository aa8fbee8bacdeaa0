"""What a container answers whose own declaration has errors: why it cannot work, to whoever asks.

The process stays up, because a container that ends tells its reason only to whoever reads its log; one that answers
tells the orchestrator, and through it the person who administers the archive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote

import grpc
import grpc.aio

from wetread.v1 import model_pb2, model_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from wetread_contract.declaration import DeclarationError

DETAILS_BYTES = 4096
"""What a status's details may take: they travel as one header, of which HTTP/2 peers take 8 KiB altogether."""

AS_IT_IS = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")
"""What a status message holds unescaped: printable ASCII but the percent sign (gRPC over HTTP/2, Responses)."""


class RefusingServicer(model_pb2_grpc.ModelServiceServicer):
    """Answers every call with FAILED_PRECONDITION and what is wrong with the declaration."""

    def __init__(self, error: DeclarationError) -> None:
        self._details = details(error)

    async def Describe(  # noqa: N802 - the name in model.proto
        self,
        request: model_pb2.DescribeRequest,
        context: grpc.aio.ServicerContext[model_pb2.DescribeRequest, model_pb2.DescribeResponse],
    ) -> NoReturn:
        """Refuse."""
        del request
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, self._details)

    async def Predict(  # noqa: N802
        self,
        request_iterator: AsyncIterator[model_pb2.PredictRequest],
        context: grpc.aio.ServicerContext[model_pb2.PredictRequest, model_pb2.PredictResponse],
    ) -> NoReturn:
        """Refuse."""
        del request_iterator
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, self._details)


def details(error: DeclarationError) -> str:
    """Every problem in full as long as there is room for it, then how many more there are; the log has them all."""
    said: list[str] = []
    for problem in map(str, error.problems):
        if _wire_bytes("\n\n".join([*said, problem])) > DETAILS_BYTES:
            break
        said.append(problem)
    left_out = len(error.problems) - len(said)
    if left_out:
        said.append(f"{left_out} more in the container's log (event declaration_refused)")
    return "\n\n".join(said)


def _wire_bytes(text: str) -> int:
    """Size of a status message as it travels, percent-encoded."""
    return len(quote(text, safe=AS_IT_IS))

"""`python -m bench.bare_server PORT`: a gRPC server that takes a stream of bytes and answers one byte.

What is left of a model service when everything is taken away: no contract, no health, no limits.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

METHOD = "/bench.Bare/Take"
CHUNK_BYTES = 1 << 20
THREADS = 4


def _take(chunks: Iterator[bytes], _context: grpc.ServicerContext) -> bytes:
    """Keeps a study in memory and says that it has it."""
    _ = b"".join(chunks)
    return b"C"


def main() -> None:
    """Serve until killed."""
    server = grpc.server(ThreadPoolExecutor(THREADS))
    take: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_unary_rpc_method_handler(_take)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Bare", {"Take": take}),))
    server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()

"""One address behind which a model answers: its channel, what it said of itself, how it is doing."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import grpc

from orchestrator.errors import SettingsInvalid
from wetread.v1 import model_pb2, model_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.handoffs import ModelIdentity
    from orchestrator.settings import TlsSettings
    from wetread_contract.declaration import Declaration

DESCRIBE_DEADLINE_S = 5.0
MOST_ANSWER_BYTES = 256 * 2**20
"""A segmentation of every slice of a large study fits."""
_CHANNEL = (
    ("grpc.max_receive_message_length", MOST_ANSWER_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.enable_http_proxy", 0),
)
_BREAK_AFTER = 3
_BREAK_FOR = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Description:
    """What an endpoint says of itself, checked."""

    identity: ModelIdentity
    declaration: Declaration
    text: str
    """The declaration's own text."""
    concurrency: int
    deadline_s: float


@dataclass(slots=True)
class Endpoint:
    """An address, and how many calls it has in flight; guarded by the registry's lock."""

    address: str
    channel: grpc.Channel
    description: Description | None = None
    refused: str = ""
    """Why its description was not accepted; said once."""
    in_flight: int = 0
    turn: int = 0
    """When it was last given a call, counted in calls of all endpoints."""
    failures: int = 0
    """In a row."""
    silent: int = 0
    """Describe calls in a row without an answer."""
    closed_until: datetime | None = field(default=None)
    """The breaker: after some failures in a row nothing is sent for a while."""

    def takes_work(self, now: datetime) -> bool:
        """Whether a call may be sent now."""
        return self.description is not None and (self.closed_until is None or self.closed_until <= now)

    def ended(self, now: datetime, *, failed: bool) -> None:
        """Counts the end of a call."""
        self.in_flight -= 1
        self.failures = self.failures + 1 if failed else 0
        self.closed_until = now + _BREAK_FOR if self.failures >= _BREAK_AFTER else None

    def describe(self) -> grpc.Future[model_pb2.DescribeResponse]:
        """Asks the endpoint who it is; the answer comes later."""
        stub = model_pb2_grpc.ModelServiceStub(self.channel)
        answer: grpc.Future[model_pb2.DescribeResponse] = stub.Describe.future(
            model_pb2.DescribeRequest(), timeout=DESCRIBE_DEADLINE_S
        )
        return answer


def connected(address: str, tls: TlsSettings | None = None) -> Endpoint:
    """An endpoint that has not been asked yet. Raises `SettingsInvalid` when a file of `tls` cannot be read."""
    if tls is None:
        return Endpoint(address, grpc.insecure_channel(address, options=_CHANNEL))
    name = (("grpc.ssl_target_name_override", tls.server_name),)
    return Endpoint(address, grpc.secure_channel(address, _credentials(tls), options=_CHANNEL + name))


def _credentials(tls: TlsSettings) -> grpc.ChannelCredentials:
    """What we show, and whom we trust; only TLS 1.2 and later, which is gRPC's own rule."""
    try:
        return grpc.ssl_channel_credentials(
            root_certificates=tls.ca_file.read_bytes(),
            private_key=tls.key_file.read_bytes(),
            certificate_chain=tls.certificate_file.read_bytes(),
        )
    except OSError as error:
        raise SettingsInvalid(f"models.tls: {error.filename}: cannot be read ({error.strerror})") from error


def resolved(addresses: Iterable[str]) -> set[str]:
    """`host:port` for each address behind the given ones; a name that does not resolve has none just now.

    Raises `SettingsInvalid` for what is no address.
    """
    found: set[str] = set()
    for address in addresses:
        host, colon, port = address.removeprefix("dns:").rpartition(":")
        if not colon or not host or not port.isdigit():
            raise SettingsInvalid(f"models.addresses: {address!r} must be host:port or dns:name:port")
        if address.startswith("dns:"):
            found |= _behind(host, int(port))
        else:
            found.add(address)
    return found


def _behind(name: str, port: int) -> set[str]:
    try:
        answers = socket.getaddrinfo(name, port, proto=socket.IPPROTO_TCP)
    except socket.gaierror:
        return set()
    return {f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}" for *_, (host, *_rest) in answers}

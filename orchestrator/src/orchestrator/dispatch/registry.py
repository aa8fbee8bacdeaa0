"""Which models answer now, and where: found by name, described, checked, leased one call at a time."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from orchestrator.dispatch import endpoints
from orchestrator.dispatch.endpoints import Description, Endpoint
from orchestrator.errors import DeclarationInvalid, ModelAway, ModelFull, ModelUnavailable
from orchestrator.handoffs import Digest, ModelIdentity
from orchestrator.telemetry import logs
from orchestrator.telemetry.events import Event
from wetread_contract.declaration import DeclarationError, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from orchestrator.settings import ModelSettings
    from wetread.v1 import model_pb2

_SILENT_BEFORE_LOST = 2


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to make one call."""

    address: str
    channel: grpc.Channel
    description: Description


class Registry:
    """The endpoints that there are; may be used by several threads."""

    def __init__(
        self, settings: ModelSettings, accepts_too_broad: Callable[[str], bool], clock: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._accepts_too_broad = accepts_too_broad
        self._clock = clock
        self._lock = threading.Lock()
        self._endpoints: dict[str, Endpoint] = {}
        self._turn = 0

    def refresh(self) -> list[Description]:
        """Resolves names, asks every endpoint who it is; what is live now, each model once."""
        wanted = endpoints.resolved(self._settings.addresses)
        with self._lock:
            for address in wanted - self._endpoints.keys():
                self._endpoints[address] = endpoints.connected(address, self._settings.tls)
            for address in self._endpoints.keys() - wanted:
                self._drop(address)
            current = list(self._endpoints.values())
        asked = [(endpoint, endpoint.describe()) for endpoint in current]
        for endpoint, answer in asked:
            self._take(endpoint, answer)
        return self.live()

    def live(self) -> list[Description]:
        """The models that answer now, each once."""
        with self._lock:
            described = [endpoint.description for endpoint in self._endpoints.values() if endpoint.description]
        return list({_who(description.identity): description for description in described}.values())

    def refusals(self) -> dict[str, str]:
        """Why endpoints that answer are not used, by address."""
        with self._lock:
            return {address: endpoint.refused for address, endpoint in self._endpoints.items() if endpoint.refused}

    def calls(self, model: ModelIdentity) -> int:
        """How many calls to this model may be in flight now, over all its endpoints; 0 when none takes work."""
        now = self._clock()
        with self._lock:
            return sum(
                endpoint.description.concurrency
                for endpoint in self._serving(model)
                if endpoint.description is not None and endpoint.takes_work(now)
            )

    def occupancy(self) -> dict[str, tuple[int, int]]:
        """By model name: endpoints that take work now, and those whose breaker is open."""
        now = self._clock()
        found: dict[str, tuple[int, int]] = {}
        with self._lock:
            for endpoint in self._endpoints.values():
                if endpoint.description is not None:
                    name, ready = endpoint.description.identity.name, endpoint.takes_work(now)
                    serving, broken = found.get(name, (0, 0))
                    found[name] = (serving + ready, broken + (not ready))
        return found

    @contextmanager
    def lease(self, model: ModelIdentity) -> Iterator[Lease]:
        """The endpoint of this model with the fewest calls in flight; of several, the one that has rested longest.

        Raises `ModelUnavailable` when none takes work, `ModelFull` when all are at their limit; an
        exception of these kinds that passes through counts against the endpoint (full does not).
        """
        endpoint, description = self._reserve(model)
        failed = False
        try:
            yield Lease(endpoint.address, endpoint.channel, description)
        except ModelUnavailable as error:
            failed = not isinstance(error, ModelAway)
            raise
        finally:
            with self._lock:
                endpoint.ended(self._clock(), failed=failed)
                if endpoint.in_flight == 0 and endpoint.address not in self._endpoints:
                    endpoint.channel.close()

    def close(self) -> None:
        """Closes all channels."""
        with self._lock:
            for endpoint in self._endpoints.values():
                endpoint.channel.close()
            self._endpoints.clear()

    def _reserve(self, model: ModelIdentity) -> tuple[Endpoint, Description]:
        now = self._clock()
        with self._lock:
            ready = [endpoint for endpoint in self._serving(model) if endpoint.takes_work(now)]
            if not ready:
                raise ModelAway(f"no container of {model.name} {model.version} answers; waits for one")
            least = min(ready, key=lambda endpoint: (endpoint.in_flight, endpoint.turn))
            description = least.description
            if description is None or least.in_flight >= description.concurrency:
                raise ModelFull(f"all containers of {model.name} {model.version} are at work; waits for room")
            least.in_flight += 1
            self._turn = least.turn = self._turn + 1
            return least, description

    def _serving(self, model: ModelIdentity) -> list[Endpoint]:
        return [
            endpoint
            for endpoint in self._endpoints.values()
            if endpoint.description is not None and _who(endpoint.description.identity) == _who(model)
        ]

    def _drop(self, address: str) -> None:
        endpoint = self._endpoints.pop(address)
        if endpoint.description is not None:
            logs.warning(Event.MODEL_LOST, model=endpoint.description.identity.name, endpoint=address)
        if endpoint.in_flight == 0:
            endpoint.channel.close()

    def _take(self, endpoint: Endpoint, answer: grpc.Future[model_pb2.DescribeResponse]) -> None:
        try:
            response = answer.result()
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.FAILED_PRECONDITION:
                endpoint.silent = 0
                self._refuse(endpoint, error.details() or "it says that it cannot work, and not why")
            else:
                self._no_answer(endpoint)
            return
        endpoint.silent = 0
        if endpoint.description is not None and _unchanged(endpoint.description, response):
            return
        try:
            description = _described(response, endpoint.address, self._accepts_too_broad)
            self._check(description, endpoint)
        except DeclarationInvalid as error:
            self._refuse(endpoint, str(error))
            return
        with self._lock:
            endpoint.description, endpoint.refused = description, ""
            endpoint.failures, endpoint.closed_until = 0, None
        logs.info(
            Event.MODEL_REGISTERED,
            model=description.identity.name,
            version=description.identity.version,
            endpoint=endpoint.address,
        )

    def _no_answer(self, endpoint: Endpoint) -> None:
        endpoint.silent += 1
        if endpoint.description is not None and endpoint.silent >= _SILENT_BEFORE_LOST:
            logs.warning(Event.MODEL_LOST, model=endpoint.description.identity.name, endpoint=endpoint.address)
            with self._lock:
                endpoint.description = None

    def _refuse(self, endpoint: Endpoint, reason: str) -> None:
        if endpoint.refused != reason:
            logs.warning(Event.MODEL_REFUSED, endpoint=endpoint.address, reason=reason)
        with self._lock:
            endpoint.description, endpoint.refused = None, reason

    def _check(self, description: Description, endpoint: Endpoint) -> None:
        """Raises `DeclarationInvalid` for a model that may not join, or contradicts one that is live."""
        identity = description.identity
        accept = self._settings.accept
        if accept != "any" and identity.name not in accept:
            raise DeclarationInvalid(f"{identity.name} is not in models.accept; add it there to let it join")
        with self._lock:
            for other in self._endpoints.values():
                if other is endpoint or other.description is None:
                    continue
                known = other.description.identity
                same = (known.name, known.version) == (identity.name, identity.version)
                if same and (known.weights_sha256, known.declaration_sha256) != (
                    identity.weights_sha256,
                    identity.declaration_sha256,
                ):
                    raise DeclarationInvalid(
                        f"{identity.name} {identity.version} differs in weights or declaration from the one at "
                        f"{other.address}; give it a version of its own"
                    )


def _who(identity: ModelIdentity) -> tuple[str, str, str]:
    return identity.name, identity.version, identity.weights_sha256


def _unchanged(description: Description, response: model_pb2.DescribeResponse) -> bool:
    identity = description.identity
    return (identity.declaration_sha256, identity.weights_sha256, identity.image_digest) == (
        response.declaration_sha256,
        response.weights_sha256,
        response.image_digest,
    )


def _described(
    response: model_pb2.DescribeResponse, address: str, accepts_too_broad: Callable[[str], bool]
) -> Description:
    text, file = response.declaration_yaml, f"model.yaml of {address}"
    try:
        declaration = parse(text, file=file, accept_too_broad=True)
        if not accepts_too_broad(declaration.name):
            declaration = parse(text, file=file)
    except DeclarationError as error:
        raise DeclarationInvalid(str(error)) from error
    identity = ModelIdentity(
        declaration.name,
        declaration.version,
        Digest(response.weights_sha256),
        Digest(response.declaration_sha256),
        response.image_digest,
    )
    return Description(
        identity,
        declaration,
        response.declaration_yaml,
        max(1, response.limits.concurrency or declaration.limits.concurrency),
        response.limits.deadline_s or declaration.limits.deadline_s,
    )

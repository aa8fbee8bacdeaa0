"""A model container's gRPC server: ModelService, health and reflection."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from typing import TYPE_CHECKING

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from prometheus_client import REGISTRY, CollectorRegistry

from wetread.v1 import model_pb2, model_pb2_grpc
from wetread_contract.declaration import DeclarationError
from wetread_sdk.identity import Identity, limits, read_declaration
from wetread_sdk.inference import Inference
from wetread_sdk.logs import event
from wetread_sdk.metrics import Metrics
from wetread_sdk.model import Context, Model
from wetread_sdk.refusing import RefusingServicer
from wetread_sdk.servicer import Servicer
from wetread_sdk.tracing import Tracing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wetread_sdk.settings import Settings, TlsFiles

log = logging.getLogger(__name__)

SERVICE: str = model_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name
HEALTH_NAMES = ("", SERVICE)
MAX_MESSAGE_BYTES = 32 * 2**20
"""The largest InstanceHeader: enhanced multi-frame objects have per-frame groups of many megabytes."""
LAST_WORDS_S = 0.5
"""For answers that are on their way, once no Predict is going on: streams of Health.Watch never end by themselves."""
OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),  # a second process on this port must fail, not share it
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)


class ModelServer:
    """One model behind one port. Start it in the event loop in which it is to run."""

    def __init__(
        self,
        model: Model,
        settings: Settings,
        *,
        registry: CollectorRegistry = REGISTRY,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._metrics = Metrics(registry)
        self._inference = Inference(model, self._metrics)
        self._server = grpc.aio.server(options=OPTIONS)
        self._health = health.aio.HealthServicer()
        self.port = 0
        """The port that is listened on, once started."""
        self._servicer: Servicer | None = None
        self._tracing: Tracing | None = None
        self.ready = False
        """Whether studies are read: not while loading or draining, nor with a declaration that has errors."""

    async def start(self) -> None:
        """Load the model, then open the port: who can connect is answered.

        With a declaration that has errors nothing is loaded, and the answer is what is wrong with it. Raises whatever
        `load` raises, `OSError` where there is no declaration, and `RuntimeError` for a port that is taken.
        """
        try:
            text, declaration = read_declaration(self._settings)
        except DeclarationError as error:
            event(log, logging.ERROR, "declaration_refused", problems=[str(problem) for problem in error.problems])
            await self._open(RefusingServicer(error), health_pb2.HealthCheckResponse.NOT_SERVING)
            return
        loaded = await asyncio.wrap_future(self._inference.load(Context(declaration, self._environment)))
        identity = Identity(text, declaration, loaded, limits(declaration, self._settings), self._settings.image_digest)
        self._tracing = Tracing(declaration, self._environment)
        self._servicer = Servicer(identity, self._inference, self._settings, self._metrics, self._tracing)
        self._metrics.info.labels(declaration.name, declaration.version, loaded.weights_sha256[:12], loaded.device).set(
            1
        )
        await self._open(self._servicer, health_pb2.HealthCheckResponse.SERVING)
        self.ready = True
        event(
            log,
            logging.INFO,
            "model_ready",
            model=declaration.name,
            version=declaration.version,
            weights=loaded.weights_sha256,
            port=self.port,
        )

    async def stop(self) -> None:
        """Say that we are going, take no new call, and give those that are going on `drain_s` to end."""
        self.ready = False
        await self._health.enter_graceful_shutdown()
        event(log, logging.INFO, "draining_started", drain_s=self._settings.drain_s)
        if self._servicer is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._servicer.leave(), self._settings.drain_s)
        await self._server.stop(LAST_WORDS_S)
        self._inference.stop()
        if self._tracing is not None:
            await asyncio.to_thread(self._tracing.shut_down)
        event(log, logging.INFO, "model_stopped")

    async def _open(
        self, servicer: model_pb2_grpc.ModelServiceServicer, status: health_pb2.HealthCheckResponse.ServingStatus
    ) -> None:
        """Answer with this servicer from now on, and with this status when asked about health."""
        model_pb2_grpc.add_ModelServiceServicer_to_server(servicer, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)
        self.port = self._listen()
        await self._server.start()
        for name in HEALTH_NAMES:
            await self._health.set(name, status)

    def _listen(self) -> int:
        address = f"{self._settings.grpc_host}:{self._settings.grpc_port}"
        if self._settings.tls is None:
            return self._server.add_insecure_port(address)
        return self._server.add_secure_port(address, _credentials(self._settings.tls))


def _credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Both sides show a certificate."""
    return grpc.ssl_server_credentials(
        [(files.key.read_bytes(), files.certificate.read_bytes())],
        root_certificates=files.client_ca.read_bytes(),
        require_client_auth=True,
    )

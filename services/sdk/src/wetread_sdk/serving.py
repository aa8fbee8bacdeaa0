"""Serving a model without BentoML: as a process of its own, or inside another one for tests."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, CollectorRegistry

from wetread_sdk.logs import configure, event
from wetread_sdk.operations import OperationsServer
from wetread_sdk.server import ModelServer
from wetread_sdk.settings import Settings, from_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from wetread_sdk.model import Model

log = logging.getLogger(__name__)


def serve(model: Model, *, declaration: Path | None = None, settings: Settings | None = None) -> None:
    """Serve a model until SIGTERM or SIGINT, then drain.

    Settings come from the environment unless given; `declaration` counts where the environment names none. /livez,
    /readyz and /metrics are served over HTTP on `http_port`. Raises what `ModelServer.start` raises, `OSError` for an
    HTTP port that is taken, and `SettingInvalid`.
    """
    defaults = {"WETREAD_DECLARATION": str(declaration)} if declaration else {}
    settings = settings or from_environment(defaults | os.environ)
    configure(settings.log_level)
    serving = threading.Event()
    with contextlib.ExitStack() as started:
        if settings.http_port:
            operations = OperationsServer(settings.grpc_host, settings.http_port, REGISTRY, serving.is_set)
            operations.start()
            started.callback(operations.stop)
        asyncio.run(_serve(model, settings, serving))


async def _serve(model: Model, settings: Settings, serving: threading.Event) -> None:
    told_to_stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
    server = ModelServer(model, settings)
    await server.start()
    if server.ready:
        serving.set()
    await told_to_stop.wait()
    serving.clear()
    await server.stop()


@dataclass(frozen=True, slots=True)
class Running:
    """A model that is served by a thread of this process."""

    address: str
    """For a gRPC channel: `127.0.0.1:41234`."""
    registry: CollectorRegistry
    """Its metrics."""


@contextlib.contextmanager
def running(model: Model, settings: Settings, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Serve a model from a thread for as long as the block lasts; `grpc_port` 0 takes any free port.

    For an author's own tests and for ours. Raises what `ModelServer.start` raises.
    """
    registry = CollectorRegistry()
    ready: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def work() -> None:
        server = ModelServer(model, settings, registry=registry, environment=environment or os.environ)
        told_to_stop = asyncio.Event()
        try:
            await server.start()
        except Exception as error:  # noqa: BLE001 - handed to whoever waits, who raises it
            ready.set_exception(error)
            return
        ready.set_result((server.port, asyncio.get_running_loop(), told_to_stop))
        await told_to_stop.wait()
        await server.stop()

    thread = threading.Thread(target=lambda: asyncio.run(work()), name="model-server")
    thread.start()
    try:
        port, loop, told_to_stop = ready.result()
        event(log, logging.DEBUG, "background_server_started", port=port)
        try:
            yield Running(f"127.0.0.1:{port}", registry)
        finally:
            loop.call_soon_threadsafe(told_to_stop.set)
    finally:
        thread.join()

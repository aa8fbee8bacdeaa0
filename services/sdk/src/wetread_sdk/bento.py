"""The one file that knows BentoML: makes a BentoML service of a model.

BentoML supervises the worker process, answers /readyz, /livez and /metrics, and keeps the weights in its model store.
The predict API is ours: its own gRPC server rejects services of the current style, and a proxy through its HTTP API
costs 2 to 10 times as much. So the worker starts our server when it starts, and drains it when it stops.

    # service.py of a model; `bentoml serve brdensity.service:Service`
    Service = wetread_sdk.bento.service(BrDensity, name="brdensity")
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import bentoml

from wetread_sdk.logs import configure, take_over
from wetread_sdk.server import ModelServer
from wetread_sdk.settings import from_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from wetread_sdk.model import Model


def service(model: Callable[[], Model], *, name: str) -> Any:  # noqa: ANN401 - BentoML's class of services is not public
    """A BentoML service that serves the model over gRPC for as long as its worker lives.

    One worker, because a second one would bind the same port and load the weights a second time: replicas are
    containers. /readyz answers 200 once the model is loaded and the port is open, and no longer when it drains.
    """
    take_over()  # BentoML has set its logging up by now, in its supervisor and in its worker

    @bentoml.service(name=name, workers=1)
    class ModelService:
        """Starts and drains the gRPC server; has no HTTP API of its own."""

        def __init__(self) -> None:
            settings = from_environment(os.environ)
            configure(settings.log_level)
            self._settings = settings
            self._server: ModelServer | None = None

        @bentoml.on_startup  # type: ignore[untyped-decorator]
        async def start(self) -> None:
            """Load the model and open the port."""
            self._server = ModelServer(model(), self._settings)
            await self._server.start()

        def __is_ready__(self) -> bool:
            """What /readyz answers; asked for by BentoML under this name."""
            return self._server is not None and self._server.ready

        @bentoml.on_shutdown  # type: ignore[untyped-decorator]
        async def drain(self) -> None:
            """Let the calls that are going on end."""
            if self._server is not None:
                await self._server.stop()

    return ModelService

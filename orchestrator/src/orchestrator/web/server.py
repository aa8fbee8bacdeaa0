"""Health for whoever restarts us, metrics for Prometheus."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from orchestrator.operations.health import Health, Probe, exposition, probe

if TYPE_CHECKING:
    from orchestrator.settings import WebSettings


def pages(parts: Health) -> FastAPI:
    """The routes."""
    app = FastAPI(title="Wetread", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/livez")
    def livez() -> Response:
        """200 for as long as the process answers."""
        return Response("ok", media_type="text/plain")

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        """200 when ledger and archive can be reached and studies are taken up, else 503; both say which."""
        found: Probe = probe(parts)
        return JSONResponse(
            {
                "database": found.database,
                "archive": found.archive,
                "intake": found.intake,
                "models": list(found.models),
            },
            status_code=200 if found.ready else 503,
        )

    @app.get("/metrics")
    def metrics() -> Response:
        """Everything that is counted, in Prometheus's text format."""
        return Response(exposition(parts), media_type=CONTENT_TYPE_LATEST)

    return app


class Server:
    """The port, served by a thread of its own."""

    def __init__(self, settings: WebSettings, parts: Health) -> None:
        config = uvicorn.Config(
            pages(parts), host=settings.host, port=settings.port, log_config=None, access_log=False, lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    def start(self) -> None:
        """Listens."""
        self._thread.start()

    def stop(self) -> None:
        """Answers what was asked, then stops listening."""
        self._server.should_exit = True
        self._thread.join(timeout=5)

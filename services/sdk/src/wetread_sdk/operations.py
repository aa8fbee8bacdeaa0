"""The operations port of a model that is served without BentoML: /livez, /readyz and /metrics, as BentoML has them."""

from __future__ import annotations

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry


class OperationsServer:
    """Answers whoever restarts or scrapes the container, from a thread of its own."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry, ready: Callable[[], bool]) -> None:
        """`ready` says whether the model is loaded and its port is open. Raises `OSError` for a port that is taken."""
        self._server = ThreadingHTTPServer((host, port), _handler(registry, ready))
        self._thread = threading.Thread(target=self._server.serve_forever, name="operations", daemon=True)
        self.port = self._server.server_port

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()


def _handler(registry: CollectorRegistry, ready: Callable[[], bool]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Three paths, all of them GET."""

        def do_GET(self) -> None:
            """Answer."""
            match self.path.partition("?")[0]:
                case "/metrics":
                    self._answer(HTTPStatus.OK, generate_latest(registry), CONTENT_TYPE_LATEST)
                case "/livez":
                    self._answer(HTTPStatus.OK, b"ok\n")
                case "/readyz" if ready():
                    self._answer(HTTPStatus.OK, b"ready\n")
                case "/readyz":
                    self._answer(HTTPStatus.SERVICE_UNAVAILABLE, b"the model is loading or draining\n")
                case _:
                    self._answer(HTTPStatus.NOT_FOUND, b"there are /livez, /readyz and /metrics\n")

        def _answer(self, status: HTTPStatus, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: a probe every few seconds is no event."""

    return Handler

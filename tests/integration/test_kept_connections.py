"""Orthanc closes a connection that was idle: a request that meets this is not lost, nor an order given twice."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import ArchiveUnavailable
from orchestrator.orthanc.client import OrthancClient
from orchestrator.settings import OrthancSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration


class _Closing(BaseHTTPRequestHandler):
    """Answers the first request of each connection, and closes it without a word at the second."""

    protocol_version = "HTTP/1.1"
    asked: list[str]
    answered = False

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        if self.answered:
            self.close_connection = True
            return
        self.answered = True
        content = json.dumps({"ID": "stored", "Status": "Success"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def archive(asked: list[str]) -> Iterator[OrthancClient]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Closing", (_Closing,), {"asked": asked}))
    Thread(target=server.serve_forever, daemon=True).start()
    client = OrthancClient(OrthancSettings(url=f"http://127.0.0.1:{server.server_port}"))
    yield client
    client.close()
    server.shutdown()
    server.server_close()


def test_what_changes_nothing_more_is_tried_once_more(archive: OrthancClient, asked: list[str]) -> None:
    archive.store(b"file")
    archive.store(b"file")
    archive.delete(archive.store(b"other").orthanc_id)

    assert set(asked) == {"POST /instances", "DELETE /instances/stored"}
    assert len(asked) > 4, "no connection was met closed"


def test_an_order_to_send_is_not_given_twice(archive: OrthancClient, asked: list[str]) -> None:
    archive.call("POST", "/modalities/pacs/store", {"Resources": []})

    with pytest.raises(ArchiveUnavailable):
        archive.call("POST", "/modalities/pacs/store", {"Resources": []})

    assert len(asked) == 2

"""Another vendor's DICOMweb server: STOW-RS that refuses SOP classes one by one, QIDO-RS over what it has kept."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

from pydicom import dcmread

if TYPE_CHECKING:
    from pydicom import Dataset

SOP_CLASS_NOT_SUPPORTED = 0x0122
"""Failure Reason (0008,1197) of an instance that STOW-RS did not store (PS3.18 I.2.2)."""
OUT_OF_RESOURCES = 0xA700


@dataclass
class WebPacs:
    """What it knows, and what it has been given."""

    classes: tuple[str, ...]
    reason: int = SOP_CLASS_NOT_SUPPORTED
    """Why it refuses what it does not know."""
    mute: tuple[str, ...] = ()
    """SOP classes that it keeps, and then answers with an error of its own."""
    kept: Counter[str] = field(default_factory=Counter)
    """By SOP instance UID."""
    refused: list[str] = field(default_factory=list)
    """SOP classes of what it did not take, in order."""

    def __enter__(self) -> Self:
        pacs = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self._answer(*pacs.stored(self.headers["Content-Type"], self._body()))

            def do_GET(self) -> None:
                wanted = parse_qs(urlsplit(self.path).query).get("SOPInstanceUID", [""])[0]
                self._answer(200, [_element("00080018", "UI", wanted)] if wanted in pacs.kept else [])

            def _body(self) -> bytes:
                if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                    return self.rfile.read(int(self.headers["Content-Length"]))
                body = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def _answer(self, status: int, told: object) -> None:
                content = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/dicom+json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def stored(self, content_type: str, body: bytes) -> tuple[int, dict[str, object]]:
        """Status and Store Instances Response (PS3.18 10.5.3, I.2)."""
        taken, refused = [], []
        for dataset in _parts(content_type, body):
            item = {
                **_element("00081150", "UI", str(dataset.SOPClassUID)),
                **_element("00081155", "UI", str(dataset.SOPInstanceUID)),
            }
            if dataset.SOPClassUID in self.mute:
                self.kept[str(dataset.SOPInstanceUID)] += 1
                return 500, {}
            if dataset.SOPClassUID in self.classes:
                self.kept[str(dataset.SOPInstanceUID)] += 1
                taken.append(item)
            else:
                self.refused.append(str(dataset.SOPClassUID))
                refused.append({**item, **_element("00081197", "US", self.reason)})
        told = {
            tag: {"vr": "SQ", "Value": items} for tag, items in (("00081199", taken), ("00081198", refused)) if items
        }
        return (409 if not taken else 202 if refused else 200), told


def _element(tag: str, vr: str, value: str | int) -> dict[str, object]:
    return {tag: {"vr": vr, "Value": [value]}}


def _parts(content_type: str, body: bytes) -> list[Dataset]:
    boundary = b"--" + content_type.split("boundary=")[1].split(";", maxsplit=1)[0].strip('"').encode()
    parts = [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in body.split(boundary)[1:-1]]
    return [dcmread(BytesIO(part)) for part in parts]

"""When a certificate ends, read from its file."""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_TIME = rb"(?:\x17\x0d(\d{12})Z|\x18\x0f(\d{14})Z)"
_VALIDITY = re.compile(rb"\x30." + _TIME + _TIME, re.DOTALL)
"""RFC 5280 4.1.2.5: a sequence of two times, each UTCTime (two-digit year, 1950 to 2049) or GeneralizedTime."""


def expires(path: Path) -> datetime | None:
    """The end of the first certificate of a PEM file; None where there is none to be read."""
    try:
        text = path.read_text(encoding="ascii")
        der = ssl.PEM_cert_to_DER_cert(text[text.index(ssl.PEM_HEADER) : text.index(ssl.PEM_FOOTER)] + ssl.PEM_FOOTER)
    except (OSError, ValueError):
        return None
    found = _VALIDITY.search(der)
    if found is None:
        return None
    short, long = found.group(3), found.group(4)
    text = (short or long).decode()
    if short:
        text = ("20" if int(text[:2]) < 50 else "19") + text  # noqa: PLR2004 - RFC 5280 4.1.2.5.1
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)

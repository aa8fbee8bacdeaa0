"""One JSON object per line on stdout, shaped like the orchestrator's; never a value from a header."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__  # without its text, which may quote a header
        return json.dumps(line, ensure_ascii=False, default=str)


def short(identifier: str) -> str:
    """The first eight digits of a job's key, a hash already: the same as in the orchestrator's log and commands."""
    return identifier[:8]


def event(log: logging.Logger, level: int, name: str, **facts: object) -> None:
    """Log that something happened: a past-tense name and facts about it."""
    log.log(level, name, extra={"facts": facts})


def configure(level: str) -> None:
    """Send what this package and the model say to stdout as JSON, and to nowhere else."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    root = logging.getLogger("wetread_sdk")
    root.handlers = [handler]
    root.setLevel(level)
    root.propagate = False

"""One JSON line per event on standard output, with job and study as short hashes.

Nothing else is written there, and no value of a header ever is: texts of errors are made by us
(`errors`), and foreign loggers are passed on only from WARNING up.
"""

from __future__ import annotations

import logging
import sys
import traceback
import warnings
from hashlib import sha256
from typing import TextIO

import structlog

from orchestrator.telemetry import metrics
from orchestrator.telemetry.events import Event

_SEES_NO_HEADERS = frozenset({"dbos", "uvicorn", "grpc", "urllib3", "alembic", "opentelemetry"})


def short(identifier: str) -> str:
    """Eight hexadecimal digits that stand for an identifier, the same everywhere."""
    return sha256(identifier.encode()).hexdigest()[:8]


def job(key: str) -> str:
    """The first eight digits of a job's key, which all commands take; a key is a hash already."""
    return key[:8]


def set_up(stream: TextIO = sys.stdout) -> None:
    """Makes every log line of this process one JSON object on the stream."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    warnings.simplefilter("ignore")  # pydicom's quote values
    logging.basicConfig(level=logging.WARNING, handlers=[_Passed()], force=True)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # a second try is no news


def info(event: Event, **details: str | float | None) -> None:
    """Says that something has happened."""
    metrics.EVENTS.labels(event.value).inc()
    structlog.get_logger().info(event.value, **details)


def warning(event: Event, **details: str | float | None) -> None:
    """Says that something has happened that a person may want to look at."""
    metrics.EVENTS.labels(event.value).inc()
    structlog.get_logger().warning(event.value, **details)


def defect(error: Exception, **details: str) -> None:
    """A defect of ours: where it happened, without what it said (that may hold anything)."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    places = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames]
    metrics.EVENTS.labels(Event.DEFECT.value).inc()
    structlog.get_logger().error(Event.DEFECT.value, kind=type(error).__name__, places=places, **details)


class _Passed(logging.Handler):
    """Foreign libraries' warnings: their text only from those that never see a header, else just the place."""

    def emit(self, record: logging.LogRecord) -> None:
        """Says that a library has warned."""
        details = {"library": record.name, "place": f"{record.module}:{record.lineno}"}
        if record.name.split(".")[0] in _SEES_NO_HEADERS:
            details["text"] = record.getMessage()[:300]
        structlog.get_logger().log(record.levelno, Event.FOREIGN_WARNING.value, **details)

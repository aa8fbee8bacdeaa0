"""How values are written in a site file: durations, sizes, time zones, secrets."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from wetread_contract.durations import duration

_UNITS_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def _duration(value: object) -> object:
    """A duration written as number and unit (`2h`, `500ms`); a bare 0 needs none."""
    if isinstance(value, timedelta):
        return value
    return timedelta() if value == 0 else duration(str(value))


def _size(value: object) -> object:
    """A size written as number and unit (`500GB`), in bytes."""
    text = str(value).strip()
    unit = text.lstrip("0123456789.").strip()
    number = text[: len(text) - len(unit)].strip() if unit else text
    if unit not in _UNITS_BYTES or not number:
        raise ValueError(f"write a number with one of the units {', '.join(_UNITS_BYTES)}, such as 500GB")
    return int(float(number) * _UNITS_BYTES[unit])


def _zone(value: object) -> object:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("write a name of the IANA time zone database, such as Europe/Berlin") from error


def _readable(path: Path) -> Path:
    if not path.is_file():
        raise ValueError("there is no such file; write the secret into it, readable for this user only")
    return path


def _address(text: str) -> str:
    """The address of a database that ledger and engine can use."""
    place, _, options = text.partition("?")
    known = re.match(r"sqlite:///.|postgresql\+psycopg://[^:/@]+@[^/@]+/[^/@]+$", place)
    if not known or re.search(r"(^|&)password=", options):
        raise ValueError(
            "write sqlite:////folder/wetread.db, or postgresql+psycopg://user@host:5432/database without a password; "
            "that goes into a file which database_password_file names"
        )
    return text


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Size = Annotated[int, BeforeValidator(_size)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
DatabaseAddress = Annotated[str, AfterValidator(_address)]
SecretFile = Annotated[Path, AfterValidator(_readable)]


class Section(BaseModel):
    """A part of a site file: unknown keys are errors, and nothing changes once it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, arbitrary_types_allowed=True)


class RetrySettings(Section):
    """What happens after a transient failure."""

    first: Duration = timedelta(seconds=2)
    """Pause after the first failure; doubles each time."""
    most: Duration = timedelta(minutes=10)
    """Longest pause."""
    give_up_after: Duration = timedelta(hours=24)
    """A job that still fails then is FAILED; waiting for a model that is down does not count."""

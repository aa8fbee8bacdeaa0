"""Values of attributes, typed by their value representation (PS3.5 6.2).

What cannot be read as its VR says is `None`, never an exception: a malformed value is unknown.
Padding is not significant, and CS is folded to upper case, in headers and in rules alike.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Kind(StrEnum):
    """What values of a VR are compared as."""

    TEXT = "text"
    CODE_STRING = "code string"
    PERSON_NAME = "person name"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    DATE_TIME = "date and time"
    AGE = "age"
    CODE = "coded concept"
    OPAQUE = "opaque"
    """Bytes: can be present, absent or empty, and nothing else."""


ORDERED = frozenset({Kind.NUMBER, Kind.DATE, Kind.TIME, Kind.DATE_TIME, Kind.AGE})
"""The kinds that `at_least`, `at_most` and `between` can compare."""

MATCHABLE = frozenset({Kind.TEXT, Kind.CODE_STRING, Kind.PERSON_NAME})
"""The kinds that `matches` can be asked of."""

KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("AE", "AT", "LO", "LT", "SH", "ST", "UC", "UI", "UR", "UT"), Kind.TEXT),
    "CS": Kind.CODE_STRING,
    "PN": Kind.PERSON_NAME,
    **dict.fromkeys(("DS", "IS", "US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "US or SS"), Kind.NUMBER),
    "DA": Kind.DATE,
    "TM": Kind.TIME,
    "DT": Kind.DATE_TIME,
    "AS": Kind.AGE,
    "SQ": Kind.CODE,
}
"""By VR (PS3.5 table 6.2-1); VRs that are not here are opaque."""


@dataclass(frozen=True, slots=True)
class Age:
    """A length of life in whole units, as people count it: completed years, months, weeks, days."""

    count: int
    unit: str
    """D, W, M or Y (PS3.5 6.2, AS)."""

    def completed(self, unit: str) -> int:
        """How many whole units of another kind this is: a person of 19M has completed 1Y."""
        if self.unit == unit:
            return self.count
        if self.unit in "YM" and unit in "YM":
            return self.count * 12 if unit == "M" else self.count // 12
        return math.floor(self.count * _DAYS[self.unit] / _DAYS[unit])

    def __str__(self) -> str:
        return f"{self.count:03}{self.unit}"


_DAYS = {"D": 1.0, "W": 7.0, "M": 365.25 / 12, "Y": 365.25}


@dataclass(frozen=True, slots=True)
class Coded:
    """A coded concept's identity: value and scheme, without the meaning (PS3.3 8.2)."""

    value: str
    scheme: str

    def __str__(self) -> str:
        return f"({self.value}, {self.scheme})"


SAME_SCHEME: Mapping[str, str] = {"SNM3": "SRT", "99SDM": "SRT"}
"""Designators under which SNOMED RT codes are found (PS3.16 8.1, notes on SRT)."""


def coded(value: str, scheme: str) -> Coded | None:
    """Return the concept with its scheme's aliases and letter case folded; None without both."""
    value, scheme = value.strip(), scheme.strip().upper()
    if not value or not scheme:
        return None
    scheme = SAME_SCHEME.get(scheme, scheme)
    return Coded(value.upper() if scheme == "SRT" else value, scheme)


Value = str | float | date | time | datetime | Age | Coded
"""One value that rules compare. Whole numbers are floats too: DICOM counts stay below 2^53."""


_ONE_TEXT = frozenset({"LT", "ST", "UR", "UT"})
"""VRs in which a backslash is a character, not a separator (PS3.5 6.2)."""

_DEFAULT_REPERTOIRE = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI"})
"""VRs whose values never hold a yen sign of their own (PS3.5 6.1.2.2)."""


def parse_all(vr: str, written: str) -> tuple[Value | None, ...]:
    """Return an attribute's values; "" for one left empty between others, none after the last that is not.

    In ISO_IR 13 the byte of the backslash is a yen sign (PS3.5 6.1.2.5.3), and Orthanc decodes it
    as one: `ORIGINAL¥PRIMARY`.
    """
    if vr in _DEFAULT_REPERTOIRE:
        written = written.replace("\N{YEN SIGN}", "\\")
    parts = [written] if vr in _ONE_TEXT else written.split("\\")
    while parts and not parts[-1].strip(" \0"):
        parts.pop()
    return tuple(parse(vr, part) if part.strip(" \0") else "" for part in parts)


def parse(vr: str, raw: str) -> Value | None:
    """Return one raw value as its VR says, or None where it breaks the VR's rules."""
    return _PARSERS[KINDS.get(vr, Kind.OPAQUE)](raw)


def _text(raw: str) -> str:
    return raw.strip(" \0")


def _person_name(raw: str) -> str:
    """Return component groups and components without padding, and without empty ones behind (PS3.5 6.2.1.1)."""
    groups = ("^".join(part.strip() for part in group.split("^")).rstrip("^") for group in _text(raw).split("="))
    return "=".join(groups).rstrip("=")


def _code_string(raw: str) -> str:
    return raw.strip(" \0").upper()


_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")


def _number(raw: str) -> float | None:
    raw = raw.strip(" \0")
    if not _NUMBER.fullmatch(raw):
        return None
    number = float(raw)
    return number if math.isfinite(number) else None


_DATE = re.compile(r"(\d{4})(?:(\d{2})(\d{2})|[.-](\d{2})[.-](\d{2}))")


def _date(raw: str) -> date | None:
    """Read `20240311`, the ACR-NEMA form `2024.03.11` and, for rules, `2024-03-11`."""
    found = _DATE.fullmatch(raw.strip(" \0"))
    if not found:
        return None
    year, *rest = (int(part) for part in found.groups() if part)
    try:
        return date(year, *rest)
    except ValueError:
        return None


_TIME = re.compile(r"(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?")


def _time(raw: str) -> time | None:
    """Read `0930`, `093015.25` and the ACR-NEMA form `09:30:15`; what is left out is zero."""
    found = _TIME.fullmatch(raw.strip(" \0"))
    if not found:
        return None
    hour, minute, second, fraction = found.groups(default="")
    try:
        return time(int(hour), int(minute or 0), min(int(second or 0), 59), int(fraction.ljust(6, "0")))
    except ValueError:
        return None


_DATE_TIME = re.compile(r"(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:\.(\d{1,6}))?([+-]\d{4})?")


def _date_time(raw: str) -> datetime | None:
    """Read `20240311093015.25+0100`; aware only where the offset is given."""
    found = _DATE_TIME.fullmatch(raw.strip(" \0"))
    if not found:
        return None
    *numbers, fraction, offset = found.groups()
    year, month, day, hour, minute, second = (int(part) if part else None for part in numbers)
    try:
        return datetime(
            year or 0,
            month or 1,
            day or 1,
            hour or 0,
            minute or 0,
            min(second or 0, 59),
            int((fraction or "").ljust(6, "0")),
            tzinfo=_offset(offset) if offset else None,
        )
    except ValueError:
        return None


def _offset(text: str) -> timezone:
    minutes = int(text[1:3]) * 60 + int(text[3:5])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


_AGE = re.compile(r"(\d{1,3})([DWMY])")


def _age(raw: str) -> Age | None:
    found = _AGE.fullmatch(raw.strip(" \0").upper())
    return Age(int(found[1]), found[2]) if found else None


_CODE = re.compile(r'\(\s*([^,"()]+?)\s*,\s*([^,"()]+?)\s*(?:,\s*"[^"]*"\s*)?\)')


def _code(raw: str) -> Coded | None:
    """Read the Standard's notation `(399162004, SCT, "cranio-caudal")`, as rules write it."""
    found = _CODE.fullmatch(raw.strip())
    return coded(found[1], found[2]) if found else None


_PARSERS: Mapping[Kind, Callable[[str], Value | None]] = {
    Kind.TEXT: _text,
    Kind.CODE_STRING: _code_string,
    Kind.PERSON_NAME: _person_name,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.DATE_TIME: _date_time,
    Kind.AGE: _age,
    Kind.CODE: _code,
    Kind.OPAQUE: lambda _: None,
}

EXAMPLES: Mapping[Kind, str] = {
    Kind.TEXT: "any text",
    Kind.CODE_STRING: "upper-case letters, digits, blanks and underscores",
    Kind.PERSON_NAME: "a name such as PHANTOM^QUALITY",
    Kind.NUMBER: "a number such as 2.5",
    Kind.DATE: "a date such as 2024-03-11",
    Kind.TIME: "a time such as 09:30:15",
    Kind.DATE_TIME: "a date and time such as 20240311093015+0100",
    Kind.AGE: "an age such as 018Y, 6M, 2W or 3D",
    Kind.CODE: 'a code such as (399162004, SCT, "cranio-caudal"), in quotes inside a list',
    Kind.OPAQUE: "present, absent or empty: its values are bytes",
}
"""What a right value of a kind looks like, for the texts of errors."""

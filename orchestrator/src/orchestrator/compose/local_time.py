"""The moment of a result in local time, as DICOM and the card write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from orchestrator.compose.source_values import text_of

if TYPE_CHECKING:
    from datetime import tzinfo

    from pydicom import Dataset

_OFFSET: Final = re.compile(r"([+-])(\d{2})([0-5]\d)")
_LARGEST_OFFSET: Final = timedelta(hours=14)
"""PS3.3 C.12.1.1: from -1200 to +1400."""


@dataclass(frozen=True, slots=True)
class LocalTime:
    """One moment with its offset from UTC."""

    moment: datetime

    @property
    def date(self) -> str:
        """DA."""
        return f"{self.moment:%Y%m%d}"

    @property
    def time(self) -> str:
        """TM, to the second."""
        return f"{self.moment:%H%M%S}"

    @property
    def offset(self) -> str:
        """TimezoneOffsetFromUTC: `+0100`."""
        return f"{self.moment:%z}"[:5]

    @property
    def date_time(self) -> str:
        """DT with its offset."""
        return f"{self.date}{self.time}{self.offset}"

    @property
    def shown(self) -> str:
        """For people: `2026-11-24 10:42 +01:00`."""
        return f"{self.moment:%Y-%m-%d %H:%M} {self.offset[:3]}:{self.offset[3:]}"


def local_time(moment: datetime, source: Dataset, zone: tzinfo) -> LocalTime:
    """The moment at the offset that holds for every other time of the same object.

    TimezoneOffsetFromUTC speaks of all dates and times of an object (PS3.3 C.12.1.1), the copied
    ones included. So it is the source's own where it has one, else that of the site on the day of
    the study: a study of March that is read in April keeps March's offset.
    """
    return LocalTime(moment.astimezone(_own_offset(source) or _offset_of_study(source, zone) or zone))


def _own_offset(source: Dataset) -> timezone | None:
    found = _OFFSET.fullmatch(text_of(source, "TimezoneOffsetFromUTC"))
    if found is None:
        return None
    size = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-size if found[1] == "-" else size) if size <= _LARGEST_OFFSET else None


def _offset_of_study(source: Dataset, zone: tzinfo) -> timezone | None:
    hour = (text_of(source, "StudyTime")[:4] or "1200").ljust(4, "0")
    try:
        noted = datetime.strptime(text_of(source, "StudyDate") + hour, "%Y%m%d%H%M").replace(tzinfo=zone)
    except ValueError:
        return None
    offset = noted.utcoffset()
    return None if offset is None else timezone(timedelta(minutes=offset // timedelta(minutes=1)))

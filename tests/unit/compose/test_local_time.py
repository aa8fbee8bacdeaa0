from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pydicom import Dataset
from tests import dicom_factories as dicom

from orchestrator.compose.local_time import local_time

if TYPE_CHECKING:
    from pydicom import Dataset

BERLIN = ZoneInfo("Europe/Berlin")
IN_JULY = datetime(2026, 7, 1, 8, 30, tzinfo=UTC)


def source(**options: dicom.Option) -> Dataset:
    return dicom.headers_of(dicom.mammogram(**options))


def test_times_are_local_on_the_day_of_the_study() -> None:
    made = local_time(IN_JULY, source(StudyDate="20260701", StudyTime="0900"), BERLIN)
    assert (made.date, made.time, made.offset) == ("20260701", "103000", "+0200")


def test_a_study_of_winter_that_is_read_in_summer_keeps_the_offset_of_its_own_times() -> None:
    made = local_time(IN_JULY, source(StudyDate="20260302"), BERLIN)
    assert (made.time, made.offset) == ("093000", "+0100")
    assert made.shown == "2026-07-01 09:30 +01:00"


def test_the_source_knows_its_offset_better_than_the_site() -> None:
    assert local_time(IN_JULY, source(TimezoneOffsetFromUTC="-0330"), BERLIN).date_time == "20260701050000-0330"


def test_without_a_readable_study_date_the_moment_itself_says_the_offset() -> None:
    assert local_time(IN_JULY, source(missing=("StudyDate",)), BERLIN).offset == "+0200"


def test_an_offset_that_cannot_be_is_not_believed() -> None:
    assert local_time(IN_JULY, source(TimezoneOffsetFromUTC="+9900", StudyDate="20260701"), BERLIN).offset == "+0200"

"""The modules that card and report have in common: whose, which series, made by what (PS3.3 C.7, C.12.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.compose.identity import copied_attributes
from orchestrator.compose.provenance import MANUFACTURER, contributing_equipment
from orchestrator.compose.uids import PLACEHOLDER_UID

if TYPE_CHECKING:
    from pydicom import Dataset

    from orchestrator.compose.local_time import LocalTime
    from orchestrator.handoffs import Composition

LONGEST_LO: Final = 64
"""PS3.5 6.2."""


def new_object(composition: Composition, made: LocalTime, sop_class_uid: str) -> Dataset:
    """A dataset with everything that card and report share; content, series and UIDs are for the caller.

    Raises:
        ResultInvalid: the source cannot be copied from.
    """
    dataset = copied_attributes(composition.source)
    dataset.SOPClassUID = sop_class_uid
    dataset.SOPInstanceUID = dataset.SeriesInstanceUID = PLACEHOLDER_UID
    dataset.InstanceNumber = 1
    dataset.Manufacturer = MANUFACTURER
    dataset.ManufacturerModelName = composition.model.name
    dataset.SoftwareVersions = [composition.wetread_version, composition.model.version]
    dataset.TimezoneOffsetFromUTC = made.offset
    dataset.SeriesDate = dataset.InstanceCreationDate = dataset.ContentDate = made.date
    dataset.SeriesTime = dataset.InstanceCreationTime = dataset.ContentTime = made.time
    dataset.ContentQualification = composition.settings.content_qualification
    dataset.ContributingEquipmentSequence = contributing_equipment(composition, made)
    return dataset


def series_description(composition: Composition, summary: str) -> str:
    """`Wetread BI-RADS breast density [RESEARCH]`: at most 64 characters, the marks never cut."""
    settings = composition.settings
    grade = f": {summary}" if settings.grade_in_series_description else ""
    mark = "" if settings.content_qualification == "PRODUCT" else f" [{settings.content_qualification}]"
    return _fitted(composition.declaration.title, grade, mark)


def described(description: str, summary: str, *, shown: bool) -> str:
    """A series description of ours with the grade, or without it."""
    text, opening, qualification = description.removeprefix(f"{MANUFACTURER} ").rpartition(" [")
    title = (text if opening else qualification).removesuffix(f": {summary}")
    grade = f": {summary}" if shown and summary else ""
    return _fitted(title, grade, f"{opening}{qualification}" if opening else "")


def _fitted(title: str, grade: str, mark: str) -> str:
    """What is too long is cut at the end of the title."""
    room = LONGEST_LO - len(f"{MANUFACTURER} ") - len(grade) - len(mark)
    return f"{MANUFACTURER} {title[:room].rstrip()}{grade}{mark}"

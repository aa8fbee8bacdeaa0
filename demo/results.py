"""What came back: reads Wetread's two objects as any other reader would, and checks them."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image
from pydicom.uid import Comprehensive3DSRStorage, SecondaryCaptureImageStorage

from demo.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydicom import Dataset

    from demo.archive import Archive, StoredObject

BREAST_COMPOSITION = "129715009"
"""SCT, PS3.16 CID 6000."""
GRADES = {"129716005": "A", "129717001": "B", "129718006": "C", "129719003": "D"}
"""SCT codes of PS3.16 CID 6000, in the letters of the BI-RADS atlas."""
MACHINERY = {"121049", "121005", "121012", "121013", "121014", "121015", "111000", "111001", "111002", "111003"}
"""Concepts (DCM) of language, observer (PS3.16 TID 1204, 1004) and algorithm (TID 4019)."""
DCIODVFY_TIMEOUT_S = 60
STORED_DEADLINE_S = 10.0
COPIED = ("PatientID", "PatientName", "PatientBirthDate", "StudyInstanceUID", "AccessionNumber", "StudyDate")


@dataclass(frozen=True, slots=True)
class Result:
    """The pair of objects that one prediction gives."""

    card: StoredObject
    report: StoredObject


def find(archive: Archive, study: str) -> Result:
    """The results in a study of this Orthanc identifier. Raises `NotInTime` when there are none."""

    def probe() -> Result | None:
        objects = {found.dataset.SOPClassUID: found for found in archive.results(study)}
        card, report = objects.get(SecondaryCaptureImageStorage), objects.get(Comprehensive3DSRStorage)
        return Result(card, report) if card and report else None

    return until(probe, what="both results are in Orthanc", deadline_s=STORED_DEADLINE_S)


def grade(report: Dataset) -> str:
    """The letter of the study's density in a structured report; empty when it names none."""
    for item in items(report):
        if _concept(item) == BREAST_COMPOSITION and item.RelationshipType == "CONTAINS":
            return GRADES.get(item.ConceptCodeSequence[0].CodeValue, "")
    return ""


def scores(report: Dataset) -> dict[str, float]:
    """Grade to the model's number (0 to 1) for the whole study: a probability where the report says so."""
    found: dict[str, float] = {}
    for item in items(report):
        category = _modifier(item, BREAST_COMPOSITION)
        if category in GRADES and "MeasuredValueSequence" in item:
            measured = item.MeasuredValueSequence[0]
            percent = measured.MeasurementUnitsCodeSequence[0].CodeValue == "%"
            found.setdefault(GRADES[category], float(measured.NumericValue) / (100 if percent else 1))
    return found


def items(node: Dataset) -> Iterator[Dataset]:
    """All content items below a node, parents first (PS3.3 C.17.3)."""
    for item in node.get("ContentSequence", []):
        yield item
        yield from items(item)


def excerpt(node: Dataset, *, depth: int = 0) -> Iterator[str]:
    """What the report says of the study, as indented lines for people; who says it and on what is left out."""
    for item in node.get("ContentSequence", []):
        value, concept = _value(item), _concept(item)
        if value is None or concept in MACHINERY:
            continue
        line = "  " * depth + item.ConceptNameCodeSequence[0].CodeMeaning
        if item.ValueType == "CONTAINER":
            yield line
            yield from excerpt(item, depth=depth + 1)
        else:
            asides = [f" ({_value(child)})" for child in item.get("ContentSequence", []) if _is_aside(child)]
            yield f"{line}: {value}{''.join(asides)}"


def write_png(card: Dataset, path: Path) -> None:
    """Writes the card's pixels, 8 bit RGB or grey, as a PNG."""
    Image.fromarray(card.pixel_array).save(path)


def problems(result: Result, source: Dataset, folder: Path) -> list[str]:
    """What is wrong with stored results, for people; empty when they are valid.

    Compares what identifies patient and study with an instance of the study itself, and asks
    dciodvfy where it is installed.
    """
    found = []
    for kind, stored in (("card", result.card), ("report", result.report)):
        dataset = stored.dataset
        found += [
            f"{kind}: {keyword} is not that of the study"
            for keyword in COPIED
            if str(dataset.get(keyword, "")) != str(source.get(keyword, ""))
        ]
        file = folder / f"{kind}.dcm"
        file.write_bytes(stored.content)
        found += [f"{kind}: {line}" for line in validate(file)]
    if not grade(result.report.dataset):
        found.append("report: names no breast composition")
    return found


def validate(file: Path) -> list[str]:
    """The errors that dciodvfy finds in a file; none where it is not installed."""
    if not (program := shutil.which("dciodvfy")):
        return []
    command = [program, "-new", str(file)]
    ran = subprocess.run(  # noqa: S603  # a found program and our own file, no shell
        command, capture_output=True, text=True, errors="replace", timeout=DCIODVFY_TIMEOUT_S, check=False
    )
    return [line for line in (ran.stderr + ran.stdout).splitlines() if line.startswith("Error")]


def _concept(item: Dataset) -> str:
    name = item.get("ConceptNameCodeSequence")
    return str(name[0].CodeValue) if name else ""


def _modifier(item: Dataset, concept: str) -> str:
    """The code value of an item's modifier with this concept; empty when it has none."""
    for child in item.get("ContentSequence", []):
        if child.get("RelationshipType") == "HAS CONCEPT MOD" and _concept(child) == concept:
            return str(child.ConceptCodeSequence[0].CodeValue)
    return ""


def _is_aside(item: Dataset) -> bool:
    return bool(item.get("RelationshipType") == "HAS CONCEPT MOD")


def _value(item: Dataset) -> str | None:
    """An item's value for people; None for those that are for machines."""
    match item.get("ValueType"):
        case "CODE":
            return str(item.ConceptCodeSequence[0].CodeMeaning)
        case "NUM" if item.get("MeasuredValueSequence"):
            measured = item.MeasuredValueSequence[0]
            return f"{measured.NumericValue} {measured.MeasurementUnitsCodeSequence[0].CodeValue}"
        case "TEXT":
            return str(item.TextValue)
        case "CONTAINER":
            return ""
        case _:
            return None

"""An object of ours in another form: for a destination that knows another SR class, or hangs results otherwise.

What Orthanc holds has the site's form. Another form is another object, so it has another SOP instance
UID: the same UID never stands for two different objects; and where its series would say something
else of itself, it is of another series. A TID 1500 report of ours has no 3D coordinates, so its content
tree is valid in all three classes (PS3.3 A.35.13, A.35.3, A.35.2); only the label changes.
"""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Final

from PIL import Image
from pydicom import dcmread
from pydicom.uid import UID

from orchestrator.compose.check import refuse_malformed
from orchestrator.compose.check.reading import read
from orchestrator.compose.general_modules import described
from orchestrator.compose.part10 import holds, part10_file
from orchestrator.compose.source_values import TEXT_VRS, character_set
from orchestrator.compose.uids import PLACEHOLDER_UID, uid_for
from orchestrator.errors import ResultInvalid
from orchestrator.handoffs import ComposedObject, Digest, ObjectKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom import Dataset

    from orchestrator.compose.check.reading import Item
    from orchestrator.handoffs import Form

_REPORTS: Final = "1.2.840.10008.5.1.4.1.1.88."
_MODES: Final = {"MONOCHROME2": "L", "RGB": "RGB"}
"""Photometric Interpretation: Pillow's name for it."""


def relabelled(content: bytes, kind: ObjectKind, form: Form) -> ComposedObject:
    """The object (a Part 10 file) in the form; the same object and form give the same bytes.

    An object that has the form already comes back as it is, under its own UIDs.

    Raises:
        ResultInvalid: it cannot have this form.
    """
    dataset = dcmread(BytesIO(content))
    other_class = _relabel(dataset, content, form.sop_class_uid)
    changed = _hang(dataset, content, form)
    if not other_class and not changed:
        return _composed(kind, dataset, content)
    held = str(dataset.SOPInstanceUID)
    if changed:
        dataset.SeriesInstanceUID = uid_for("relabelled series", str(dataset.SeriesInstanceUID), *changed)
        dataset.SOPInstanceUID = PLACEHOLDER_UID
        digest = sha256(part10_file(dataset)).hexdigest()
        dataset.SOPInstanceUID = uid_for("relabelled", str(dataset.SeriesInstanceUID), digest)
    else:
        dataset.SOPInstanceUID = uid_for("relabelled", held, form.sop_class_uid)
    made = _composed(kind, dataset, part10_file(dataset))
    refuse_malformed(made)
    return made


def _composed(kind: ObjectKind, dataset: Dataset, content: bytes) -> ComposedObject:
    return ComposedObject(
        kind=kind,
        sop_class_uid=str(dataset.SOPClassUID),
        sop_instance_uid=str(dataset.SOPInstanceUID),
        series_instance_uid=str(dataset.SeriesInstanceUID),
        content=content,
        sha256=Digest(sha256(content).hexdigest()),
    )


def _relabel(dataset: Dataset, content: bytes, sop_class_uid: str) -> bool:
    """Gives a report another class; whether it has another now."""
    if not sop_class_uid or sop_class_uid == str(dataset.SOPClassUID):
        return False
    if not str(dataset.SOPClassUID).startswith(_REPORTS):
        raise ResultInvalid("only a structured report can be given another SR class")
    if b"SCOORD3D" in content:
        raise ResultInvalid("the report has 3D coordinates, which only Comprehensive 3D SR can hold")
    dataset.SOPClassUID = UID(sop_class_uid)
    return True


def _hang(dataset: Dataset, content: bytes, form: Form) -> tuple[str, ...]:
    """Gives it what the form says; `attribute=value` for each that was otherwise, in the order of their names."""
    wanted: dict[str, str | int | None] = {"Modality": form.modality, "SeriesNumber": form.series_number}
    if form.shows_grade is not None:
        wanted["SeriesDescription"] = described(str(dataset.SeriesDescription), form.summary, shown=form.shows_grade)
    other = {keyword: value for keyword, value in wanted.items() if value and dataset.get(keyword) != value}
    for keyword, value in other.items():
        setattr(dataset, keyword, value)
    if "SeriesDescription" in other:
        _settle_texts(dataset, content)
    if form.photometric_interpretation and dataset.PhotometricInterpretation != form.photometric_interpretation:
        _recolour(dataset, form.photometric_interpretation)
        other["PhotometricInterpretation"] = form.photometric_interpretation
    return tuple(f"{keyword}={value}" for keyword, value in sorted(other.items()))


def _settle_texts(dataset: Dataset, content: bytes) -> None:
    """Writes Unicode where the character set does not hold the grade, if that changes no byte of the others."""
    if holds(character_set(dataset), dataset.SeriesDescription):
        return
    if not all(value.isascii() and b"\x1b" not in value for value in _texts(read(content).dataset)):
        raise ResultInvalid(
            "the patient's character set cannot hold the grade; leave grade_in_series_description off there"
        )
    dataset.SpecificCharacterSet = "ISO_IR 192"


def _texts(item: Item) -> Iterator[bytes]:
    for element in item.elements.values():
        if element.vr in TEXT_VRS:
            yield element.value
        for nested in element.items:
            yield from _texts(nested)


def _recolour(dataset: Dataset, photometric_interpretation: str) -> None:
    """Turns RGB into grey by its luminance (ITU-R BT.601), or grey into RGB, which has no colours then."""
    held = _MODES[dataset.PhotometricInterpretation]
    page = Image.frombytes(held, (dataset.Columns, dataset.Rows), dataset.PixelData)
    page = page.convert(_MODES[photometric_interpretation])
    grey = photometric_interpretation == "MONOCHROME2"
    dataset.PhotometricInterpretation = photometric_interpretation
    dataset.SamplesPerPixel = 1 if grey else 3
    if grey:
        del dataset.PlanarConfiguration
    else:
        dataset.PlanarConfiguration = 0
    dataset.PixelData = page.tobytes()

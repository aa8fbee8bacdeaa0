"""Card, reports and a mask over every image header in pydicom's own and `pydicom-data`'s test files.

Each is either composed without one error of dciodvfy, or refused for a stated reason. The figures
stand in docs/dicom-conformance.md; this test fails when they are no longer true.
"""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import data_store
import pydicom
import pytest
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError
from tests.composition_factories import LESION, MILLIMETRE, composition, density
from tests.contract.dicom_validators import iod_errors, needs_dicom3tools
from tests.dicom_factories import MAMMOGRAPHY_FOR_PRESENTATION

from orchestrator.compose import compose
from orchestrator.compose.frame_geometry import may_have_frames, size_of
from orchestrator.compose.source_values import text_of
from orchestrator.errors import ResultInvalid
from orchestrator.handoffs import ObjectKind
from wetread_contract.findings import Code, Findings, MaskPlane, Measurement, Segmentation
from wetread_contract.judgement import InstanceReference, SelectedInstance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.handoffs import Composition

ROOTS = (Path(pydicom.__file__).parent / "data", Path(data_store.__file__).parent)
CONFORMANCE = Path(__file__).parents[2] / "docs" / "dicom-conformance.md"
LENGTH = Measurement(Code("410668003", "SCT", "Length"), 12.25, MILLIMETRE)
FIGURES = r"(\d+) headers: (\d+) composed .*? (\d+) refused.*? (\d+) have a segmentation, (\d+) a CAD report"

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def headers() -> Iterator[Dataset]:
    """Of every file that pydicom can open and that says what it is."""
    for root in ROOTS:
        for file in sorted(path for path in root.rglob("*") if path.is_file()):
            try:
                header = dcmread(file, stop_before_pixels=True)
            except (InvalidDicomError, OSError, ValueError, NotImplementedError, AttributeError, TypeError):
                continue
            if text_of(header, "SOPClassUID"):
                yield header


def reference(header: Dataset) -> InstanceReference:
    keywords = ("StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID")
    return InstanceReference(*(text_of(header, keyword) for keyword in keywords))


def answer(header: Dataset) -> Findings:
    """A length, and a mask where a mask can be of it."""
    size = size_of(header)
    if size is None or (size.frames > 1 and not may_have_frames(header)):
        return Findings((LENGTH,))
    bits = b"\x55" * (size.rows * ((size.columns + 7) // 8))
    plane = MaskPlane(text_of(header, "SOPInstanceUID"), size.rows, size.columns, bits, int(size.frames > 1))
    return Findings((LENGTH, Segmentation(*LESION, "mass", (plane,))))


@dataclass(frozen=True)
class Verdict:
    """What became of one header."""

    said: str
    """`composed`, the reason of the refusal, or the errors."""
    kinds: tuple[ObjectKind, ...] = ()


def compositions(header: Dataset) -> tuple[Composition, Composition]:
    """Of the header itself, and of a mammogram of the same patient and study."""
    one = SelectedInstance(reference(header))
    mammogram = replace(one, reference=replace(one.reference, sop_class_uid=MAMMOGRAPHY_FOR_PRESENTATION))
    settings = replace(composition().settings, reports=("cad",))
    return (
        composition(answer(header), header, selected=(one,), sources={one.reference.sop_instance_uid: header}),
        composition(Findings((density(),)), header, selected=(mammogram,), settings=settings),
    )


def verdict(number: int, header: Dataset, folder: Path) -> Verdict:
    try:
        objects = [one for made in compositions(header) for one in compose(made).objects]
    except ResultInvalid as error:
        return Verdict(f"refused: {error}")
    found = []
    for composed in objects:
        file = folder / f"{number}-{composed.kind}.dcm"
        file.write_bytes(composed.content)
        found += iod_errors(file)
        file.unlink()
    return Verdict("; ".join(found) or "composed", tuple(one.kind for one in objects))


@needs_dicom3tools
def test_every_header_is_composed_without_errors_or_refused_for_a_stated_reason(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda numbered: verdict(*numbered, tmp_path), enumerate(headers())))
    verdicts = Counter(one.said for one in made)
    composed, refused = verdicts.pop("composed"), {said for said in verdicts if said.startswith("refused")}
    assert set(verdicts) == refused
    assert all("UID" in said for said in refused), refused
    having = [sum(kind in one.kinds for one in made) for kind in (ObjectKind.SEGMENTATION, ObjectKind.CAD)]
    figures = (len(made), composed, verdicts.total(), *having)
    stated = re.search(FIGURES, CONFORMANCE.read_text(encoding="utf-8"), re.DOTALL)
    assert stated, f"docs/dicom-conformance.md states no figures; they are {figures}"
    assert tuple(map(int, stated.groups())) == figures, f"docs/dicom-conformance.md must state {figures}"

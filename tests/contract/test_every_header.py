"""Card and report over every image header in pydicom's own and `pydicom-data`'s test files.

Each is either composed without one error of dciodvfy, or refused for a stated reason. The figures
stand in docs/dicom-conformance.md; this test fails when they are no longer true.
"""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import data_store
import pydicom
import pytest
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError
from tests.composition_factories import MILLIMETRE, composition
from tests.contract.dicom_validators import iod_errors, needs_dicom3tools

from orchestrator.compose import compose
from orchestrator.compose.source_values import text_of
from orchestrator.errors import ResultInvalid
from wetread_contract.findings import Code, Findings, Measurement
from wetread_contract.judgement import InstanceReference, SelectedInstance

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOTS = (Path(pydicom.__file__).parent / "data", Path(data_store.__file__).parent)
CONFORMANCE = Path(__file__).parents[2] / "docs" / "dicom-conformance.md"
ANSWER = Findings((Measurement(Code("410668003", "SCT", "Length"), 12.25, MILLIMETRE),))

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


def verdict(number: int, header: Dataset, folder: Path) -> str:
    """`composed`, the reason of the refusal, or the errors."""
    made = composition(ANSWER, header, selected=(SelectedInstance(reference(header)),))
    try:
        result = compose(made)
    except ResultInvalid as error:
        return f"refused: {error}"
    found = []
    for composed in result.objects:
        file = folder / f"{number}-{composed.kind}.dcm"
        file.write_bytes(composed.content)
        found += iod_errors(file)
        file.unlink()
    return "; ".join(found) or "composed"


@needs_dicom3tools
def test_every_header_is_composed_without_errors_or_refused_for_a_stated_reason(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        verdicts = Counter(
            pool.map(lambda numbered: verdict(numbered[0], numbered[1], tmp_path), list(enumerate(headers())))
        )
    composed, refused = verdicts.pop("composed"), {said for said in verdicts if said.startswith("refused")}
    assert set(verdicts) == refused
    assert all("UID" in said for said in refused), refused
    figures = (verdicts.total() + composed, composed, verdicts.total())
    stated = re.search(r"(\d+) headers: (\d+) composed .*? (\d+) refused", CONFORMANCE.read_text(encoding="utf-8"))
    assert stated, "docs/dicom-conformance.md states no figures"
    assert tuple(map(int, stated.groups())) == figures, f"docs/dicom-conformance.md must state {figures}"

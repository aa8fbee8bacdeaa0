from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread, dcmwrite
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from brdensity.exam import ExamRequest, draw_exam, write_exam
from brdensity.phantoms import Grid
from wetread_contract.declaration import parse
from wetread_contract.headers import Headers
from wetread_contract.judge import judge
from wetread_contract.judgement import Outcome
from wetread_sdk.pixels import shown, stored_values

ROOT = Path(__file__).parents[3]
SMALL = Grid(256, 208, 1.12)
REQUEST = ExamRequest("C", 7, datetime(2026, 11, 24, 9, 30, tzinfo=UTC), SMALL)


def display(request: ExamRequest) -> np.ndarray:
    dataset = draw_exam(request)[0]
    file = BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    return shown(dataset, stored_values(file)).values


def test_an_exam_is_what_the_declaration_selects() -> None:
    declaration = parse((ROOT / "services/brdensity/model.yaml").read_text())
    headers = [Headers.from_dataset(dataset) for dataset in draw_exam(REQUEST)]

    (judgement,) = judge(declaration, headers)

    assert judgement.outcome is Outcome.MATCHED
    assert len(judgement.selected) == 4


def test_equal_requests_give_equal_exams_and_other_seeds_other_uids() -> None:
    first, again, other = (draw_exam(request) for request in (REQUEST, REQUEST, replace(REQUEST, seed=8)))

    assert [dataset == twin for dataset, twin in zip(first, again, strict=True)] == [True] * 4
    assert first[0].StudyInstanceUID != other[0].StudyInstanceUID
    assert len({dataset.SOPInstanceUID for dataset in (*first, *other)}) == 8
    assert len({dataset.StudyInstanceUID for dataset in first}) == 1


@pytest.mark.parametrize("bits", [12, 14])
def test_pixels_use_the_bits_that_are_stored(bits: int) -> None:
    dataset = draw_exam(replace(REQUEST, bits_stored=bits))[0]

    assert (dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit) == (16, bits, bits - 1)
    assert 2 ** (bits - 1) < dataset.pixel_array.max() < 2**bits


@pytest.mark.parametrize(
    "variant",
    [
        {"monochrome1": True},
        {"transfer_syntax": RLELossless},
        {"transfer_syntax": JPEGLSLossless},
        {"transfer_syntax": JPEG2000Lossless},
    ],
    ids=["MONOCHROME1", "RLE", "JPEG-LS", "JPEG 2000"],
)
def test_every_variant_shows_the_same_picture(variant: dict[str, object]) -> None:
    changed = display(replace(REQUEST, **variant))  # type: ignore[arg-type]

    np.testing.assert_allclose(changed, display(REQUEST), atol=1e-3)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs dciodvfy (Debian package dicom3tools)")
@pytest.mark.parametrize("variant", [{}, {"monochrome1": True}, {"transfer_syntax": RLELossless}, {"bits_stored": 14}])
def test_every_file_is_valid(tmp_path: Path, variant: dict[str, object]) -> None:
    paths = write_exam(draw_exam(replace(REQUEST, **variant)), tmp_path)  # type: ignore[arg-type]

    assert [path.name for path in paths] == ["R-CC.dcm", "L-CC.dcm", "R-MLO.dcm", "L-MLO.dcm"]
    for path in paths:
        said = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True, check=False)
        assert "Error" not in said.stderr + said.stdout
        assert said.returncode == 0


def test_the_patient_is_obviously_invented(tmp_path: Path) -> None:
    for path in write_exam(draw_exam(REQUEST), tmp_path):
        dataset = dcmread(path)
        assert str(dataset.PatientName).startswith("PHANTOM^")
        assert "synthetic" in dataset.StudyDescription

"""The real network reads exams that come in every way in which exams come."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from demo import results
from demo.orthanc import OrthancSettings
from demo.stack import Stack
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless
from tests.e2e import published
from tests.e2e.chain import Chain

from brdensity.exam import ExamRequest, draw_exam
from brdensity.phantoms import TRAINING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from demo.services import ModelService
    from pydicom import Dataset

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
_MOMENTS = iter(datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(minutes=n) for n in range(10_000))


def _exam(**options: object) -> Sequence[Dataset]:
    """The same breasts each time, in a study of their own."""
    values: dict[str, object] = {"grade": "C", "seed": 7, "acquired_at": next(_MOMENTS), "grid": TRAINING, **options}
    return draw_exam(ExamRequest(**values))  # type: ignore[arg-type]


def _scores(chain: Chain, exam: Sequence[Dataset]) -> dict[str, float]:
    study = chain.send(exam)
    assert chain.ended(study) == "result_stored"
    return results.scores(chain.report(study))


@pytest.fixture(scope="module")
def expected(brdensity: Chain) -> dict[str, float]:
    return _scores(brdensity, _exam())


def test_a_graded_exam_has_a_valid_card_and_a_valid_report(brdensity: Chain, tmp_path: Path) -> None:
    study = brdensity.send(_exam())

    assert brdensity.ended(study) == "result_stored"

    result = brdensity.result(study)
    assert shutil.which("dciodvfy"), "needs dicom3tools"
    assert results.problems(result, brdensity.source(study), tmp_path) == []
    assert sum(results.scores(result.report.dataset).values()) == pytest.approx(1, abs=1e-3)
    assert len(brdensity.orthanc.archive.results(study)) == 2


def test_dsrdump_reads_the_report_without_a_complaint(brdensity: Chain, tmp_path: Path) -> None:
    study = brdensity.send(_exam())
    assert brdensity.ended(study) == "result_stored"
    file = tmp_path / "report.dcm"
    file.write_bytes(brdensity.result(study).report.content)

    dumped = subprocess.run(["dsrdump", file], capture_output=True, text=True, check=True)

    assert "Comprehensive 3D SR Document" in dumped.stdout
    complaints = [
        line for line in dumped.stderr.splitlines() if "does not support this Specific Character Set" not in line
    ]
    assert complaints == []


def test_an_inverted_exam_gets_the_same_scores(brdensity: Chain, expected: dict[str, float]) -> None:
    assert _scores(brdensity, _exam(monochrome1=True)) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless], ids=["RLE", "JPEG-LS", "JPEG 2000"])
def test_a_compressed_exam_gets_the_same_scores(brdensity: Chain, expected: dict[str, float], syntax: str) -> None:
    assert _scores(brdensity, _exam(transfer_syntax=syntax)) == pytest.approx(expected, abs=1e-6)


def test_more_bits_give_almost_the_same_scores(brdensity: Chain, expected: dict[str, float]) -> None:
    assert _scores(brdensity, _exam(bits_stored=14)) == pytest.approx(expected, abs=0.05)


def test_the_published_exam_gets_the_published_probabilities(published_model: ModelService, tmp_path: Path) -> None:
    files = published.wrapped(tmp_path / "exam")
    with Stack(tmp_path / "stack", model=published_model, orthanc=OrthancSettings(stable_age_s=1)) as stack:
        chain = Chain(stack.orthanc, stack.orchestrator, stack.start())
        study = stack.archive.upload_all(files)

        assert chain.ended(study) == "result_stored"

        assert results.scores(chain.report(study)) == pytest.approx(published.PROBABILITIES, abs=2e-3)


def test_an_exam_without_breasts_is_unsuitable_and_says_so(brdensity: Chain) -> None:
    exam = _exam()
    for dataset in exam:
        dataset.PixelData = bytes(len(dataset.PixelData))

    study = brdensity.send(exam)

    assert brdensity.ended(study) == "job_unsuitable"
    assert brdensity.orthanc.archive.results(study) == []


def test_an_exam_with_pixels_cut_off_ends_with_a_reason(brdensity: Chain) -> None:
    exam = _exam()
    exam[2].PixelData = exam[2].PixelData[: len(exam[2].PixelData) // 2]

    study = brdensity.send(exam)

    assert brdensity.ended(study) in {"job_unsuitable", "job_failed"}
    assert brdensity.orthanc.archive.results(study) == []

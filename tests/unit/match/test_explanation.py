from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.dicom_factories import four_view_study, mammogram

from orchestrator.match.explanation import as_json, in_words, what_would_have_to_change
from wetread_contract.declaration import parse
from wetread_contract.headers import Headers
from wetread_contract.judge import judge

if TYPE_CHECKING:
    from wetread_contract.judgement import Judgement

DECLARATION = parse((Path(__file__).parents[3] / "services/brdensity/model.yaml").read_text(encoding="utf-8"))


def judged(datasets: list[object]) -> Judgement:
    (judgement,) = judge(DECLARATION, [Headers.from_dataset(dataset) for dataset in datasets])
    return judgement


def test_a_match_needs_no_change() -> None:
    assert what_would_have_to_change(judged(four_view_study())) == ()


def test_a_missing_view_is_what_would_have_to_come() -> None:
    said = in_words(judged(four_view_study()[:3]))
    assert "missing: L MLO" in said
    assert "what would have to change:" in said
    assert "1 of its combinations are missing" in said


def test_raw_pixels_are_told_by_the_clauses_that_they_fail_with_what_is_there_now() -> None:
    raw = [mammogram(side, view, for_processing=True) for side in ("R", "L") for view in ("CC", "MLO")]
    changes = what_would_have_to_change(judged(raw))
    assert any("PresentationIntentType is FOR PRESENTATION" in one and "(now FOR PROCESSING)" in one for one in changes)
    assert not any("Modality" in change for change in changes)


@pytest.mark.parametrize("attribute", ["PatientName", "PatientID", "PatientBirthDate"])
def test_no_value_that_identifies_a_patient_is_in_words_or_json(attribute: str) -> None:
    declaration = parse(
        "schema: 1\nname: curious\nversion: 1.0.0\ntitle: T\nintended_use: U\nstage: demonstration\n"
        f"select: {{Modality: MG, ViewPosition: CC, {attribute}: {'19990101' if 'Date' in attribute else 'NOBODY'}}}\n"
    )
    dataset = mammogram("R", "CC")
    secret = str(dataset[attribute].value) if attribute in dataset and dataset[attribute].value else "19501224"
    dataset.PatientBirthDate = "19501224"
    (judgement,) = judge(declaration, [Headers.from_dataset(dataset)])
    assert secret not in in_words(judgement)
    assert secret not in str(as_json(judgement))
    assert f"{attribute} is" in in_words(judgement)

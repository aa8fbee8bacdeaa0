from __future__ import annotations

import math
from pathlib import Path

import pytest
from tests.fakes.models import ANSWER, GRADE_B

from wetread_contract.judgement import InstanceReference
from wetread_sdk import (
    Classification,
    Code,
    Findings,
    Instance,
    MaskPlane,
    Measurement,
    Scope,
    ScopeLevel,
    Segmentation,
    Study,
    Unsuitable,
)
from wetread_sdk.answers import category, checked
from wetread_sdk.reception import ReceivedInstance
from wetread_sdk.refusals import ModelFailed
from wetread_sdk.spool import Spool

CONCEPT = Code("373098007", "SCT", "Mean")
UNIT = Code("1", "UCUM", "no units")
STUDY = Study([Instance(ReceivedInstance(InstanceReference("1", "1.2", "1.3", "1.4"), 0, 0, 0), Spool(Path(), 0))])


def test_an_answer_about_what_was_sent_goes_out_as_it_is() -> None:
    scope = Scope(ScopeLevel.INSTANCE, "", "1.2", "1.4")
    answer = Findings((Measurement(CONCEPT, 1.0, UNIT, scope),))

    assert checked(answer, STUDY) is answer
    assert checked(Unsuitable("too_dark", "It is too dark."), STUDY).code == "too_dark"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "returned NoneType"),
        ("B", "returned str"),
        (Findings(()), "no finding"),
        (Unsuitable("Too dark!", "x"), "without a code"),
        (Unsuitable("too_dark", ""), "and a reason"),
        (Findings((Measurement(CONCEPT, math.nan, UNIT),)), "'Mean' is no number"),
        (Findings((Measurement(CONCEPT, 1, UNIT, Scope(ScopeLevel.INSTANCE, "", "1.2", "1.5")),)), "was not sent"),
        (Findings((Measurement(CONCEPT, 1, UNIT, Scope(ScopeLevel.SERIES, "", "1.9")),)), "was not sent"),
        (Findings((Segmentation(CONCEPT, CONCEPT, "x", (MaskPlane("1.5", 1, 1, b"\0"),)),)), "was not sent"),
    ],
)
def test_an_answer_that_breaks_the_contract_is_the_models_failure(answer: object, said: str) -> None:
    with pytest.raises(ModelFailed, match=said):
        checked(answer, STUDY)


def test_metrics_name_the_first_classification_or_the_reason() -> None:
    assert category(ANSWER) == "B"
    assert category(Findings((Measurement(CONCEPT, 1, UNIT), Classification(CONCEPT, GRADE_B)))) == "B"
    assert category(Findings((Measurement(CONCEPT, 1, UNIT),))) == ""
    assert category(Unsuitable("too_dark", "x")) == "too_dark"

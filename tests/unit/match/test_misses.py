from __future__ import annotations

import pytest
from tests.declarations import headers

from orchestrator.match.matcher import SWITCHED_OFF
from orchestrator.match.misses import MissClass, miss_class
from wetread_contract.declaration import parse
from wetread_contract.judge import judge
from wetread_contract.judgement import Judgement, Outcome

RULES = """\
schema: 1
name: tester
version: 1.0.0
title: A model for tests
intended_use: None but tests
stage: demonstration
select:
  Modality: CT
  BodyPartExamined: CHEST
  SliceThickness: {at_most: 2}
exclude:
  BurnedInAnnotation: "YES"
limits: {concurrency: 1, deadline_s: 60}
"""
CHEST = {"Modality": "CT", "BodyPartExamined": "CHEST", "SliceThickness": "1"}


def _missed(*instances: dict[str, str]) -> MissClass:
    held = [headers(number, **one) for number, one in enumerate(instances, start=1)]
    (judgement,) = judge(parse(RULES), held)
    assert judgement.outcome is Outcome.MISSED, judgement
    return miss_class(judgement)


@pytest.mark.parametrize(
    ("instances", "expected"),
    [
        ([CHEST | {"BodyPartExamined": "HEAD"}], MissClass.CONDITION_FALSE),
        ([CHEST | {"SliceThickness": "5"}], MissClass.CONDITION_FALSE),
        ([CHEST | {"BodyPartExamined": "HEAD"}, CHEST | {"SliceThickness": "5"}], MissClass.NONE_HAS_ALL),
    ],
)
def test_a_miss_is_counted_by_the_first_thing_that_no_instance_passed(
    instances: list[dict[str, str]], expected: MissClass
) -> None:
    assert _missed(*instances) is expected


def test_what_no_rule_was_asked_about_is_told_apart() -> None:
    off = Judgement(Outcome.MISSED, reasons=(SWITCHED_OFF,))
    other = Judgement(Outcome.MISSED, reasons=("no instance has Modality CT",))

    assert miss_class(off) is MissClass.SWITCHED_OFF
    assert miss_class(other) is MissClass.OTHER_MODALITY

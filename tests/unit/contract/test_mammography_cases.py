"""Thirty studies, written from the Standard and from vendors' habits, against brdensity's own declaration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wetread_contract.declaration import Declaration, parse
from wetread_contract.derived.registry import DERIVED
from wetread_contract.headers import Headers, made_by_wetread
from wetread_contract.judge import judge
from wetread_contract.judgement import Outcome

ROOT = Path(__file__).parents[3]
CASES = json.loads((ROOT / "tests/contract/mammography.json").read_text())
OUTCOMES = {
    "suitable": Outcome.MATCHED,
    "incomplete": Outcome.INCOMPLETE,
    "unsuitable": Outcome.UNSUITABLE,
}
DEVICE_UID_OF_THE_CASES = "1.2.826.0.1.3680043.8.498.99.1"


@pytest.fixture(scope="module")
def brdensity() -> Declaration:
    return parse((ROOT / "services/brdensity/model.yaml").read_text())


def ours(headers: Headers) -> bool:
    equipment = headers.items("ContributingEquipmentSequence")
    return made_by_wetread(headers) or any(item.text("DeviceUID") == DEVICE_UID_OF_THE_CASES for item in equipment)


def others(case: dict[str, Any]) -> dict[str, Headers]:
    headers = {one["sop_instance"]: Headers.from_keywords(one) for one in case["instances"]}
    return {name: one for name, one in headers.items() if not ours(one)}


def test_there_are_thirty_cases() -> None:
    assert len(CASES) == 30
    assert sum(len(case["instances"]) for case in CASES) == 191


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_is_selected_and_what_becomes_of_the_study(case: dict[str, Any], brdensity: Declaration) -> None:
    headers = others(case)
    names = {one.sop_instance_uid: name for name, one in headers.items()}

    (judgement,) = judge(brdensity, list(headers.values()))

    selected = [names[one.reference.sop_instance_uid] for one in judgement.selected]
    left_out = {names[one.reference.sop_instance_uid]: one.reason for one in judgement.left_out}
    expected = case["expect"]
    assert sorted(selected) == expected["selected"]
    assert judgement.outcome is OUTCOMES[expected["study"]]
    assert set(selected) | set(left_out) == set(headers)
    assert all(left_out.values())
    assert judgement.outcome is Outcome.MATCHED or judgement.reasons


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_each_instance_is(case: dict[str, Any]) -> None:
    headers = {one["sop_instance"]: Headers.from_keywords(one) for one in case["instances"]}
    for name, expected in case["expect"]["derived"].items():
        derived = {attribute: DERIVED[attribute].derive([headers[name]])[0] for attribute in expected}
        found = {
            attribute: list(held.values) if DERIVED[attribute].multiple else next(iter(held.values), None)
            for attribute, held in derived.items()
        }
        assert found == expected


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_order_of_arrival_changes_nothing(case: dict[str, Any], brdensity: Declaration) -> None:
    headers = list(others(case).values())
    assert judge(brdensity, headers) == judge(brdensity, headers[::-1])


def test_a_missing_view_is_named_and_sent_in_the_declarations_order(brdensity: Declaration) -> None:
    case = next(case for case in CASES if case["name"].startswith("a prior inside"))
    (judgement,) = judge(brdensity, list(others(case).values()))
    assert judgement.reasons[0] == "missing: R MLO"
    assert [" ".join(one.facts.values()) for one in judgement.selected] == ["L CC", "L MLO", "R CC"]

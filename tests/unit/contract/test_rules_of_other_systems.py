"""What other systems' rules say, said in ours: the answers agree, or a sentence says why they do not."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from wetread_contract.declaration import DeclarationError, parse
from wetread_contract.headers import Headers
from wetread_contract.judge import judge
from wetread_contract.judgement import Outcome

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("WETREAD_SHARED", ROOT.parent / "shared")) / "cases"
OURS: dict[str, list[dict[str, Any]]] = yaml.safe_load((Path(__file__).parent / "other_systems.yaml").read_text())
pytestmark = pytest.mark.skipif(not SHARED.exists(), reason=f"the facts about other systems are not in {SHARED}")

DEFAULTS_OF_MERCURE = {"Modality": "MR"}


def theirs(file: str, key: str) -> list[dict[str, Any]]:
    if not SHARED.exists():
        return [{}] * len(OURS["mercure"])
    found: list[dict[str, Any]] = json.loads((SHARED / file).read_text())[key]
    return found


def declaration(select: str, require: str = "[]") -> str:
    return (
        "{schema: 1, name: rule, version: 1.0.0, title: Rule, stage: research, intended_use: compares, "
        f"select: {{{select}}}, require: {require}}}"
    )


def answer(ours: dict[str, Any], *instances: dict[str, Any]) -> bool:
    """Say whether the study is matched; a rule that is refused matches nothing."""
    if "refused" in ours:
        with pytest.raises(DeclarationError):
            parse(declaration(ours["refused"]))
        return False
    text = declaration(ours.get("select", "SOPInstanceUID: {present: true}"), ours.get("require", "[]"))
    uids = {"StudyInstanceUID": "2.25.1", "SeriesInstanceUID": "2.25.2"}
    headers = [
        Headers.from_keywords(uids | one | {"SOPInstanceUID": f"2.25.3{number}"})
        for number, one in enumerate(instances)
    ]
    (judgement,) = judge(parse(text, accept_too_broad=True), headers)
    return judgement.outcome is Outcome.MATCHED


def agrees(ours: dict[str, Any], their_answer: object) -> bool:
    return bool("differs" in ours) is not (ours["says"] is their_answer)


def test_every_rule_that_we_know_of_is_said_here() -> None:
    assert len(OURS["mercure"]) == len(theirs("mercure_rules.json", "rules")) == 28
    assert len(OURS["completion"]) == len(theirs("mercure_rules.json", "completion"))
    assert len(OURS["monai_workflow_manager"]) == len(theirs("monai_wm_dicom_conditions.json", "cases")) == 13
    assert len(OURS["monai_sdk"]) == len(theirs("monai_sdk_series_selection_rules.json", "rules")) == 10


@pytest.mark.parametrize("number", range(28))
def test_mercure_rules(number: int) -> None:
    ours, their = OURS["mercure"][number], theirs("mercure_rules.json", "rules")[number]
    assert answer(ours, DEFAULTS_OF_MERCURE | their["tags"]) is ours["says"]
    assert agrees(ours, their["mercure_result"]), (
        f"{their['rule']}: {their['mercure_result']} there; say why it differs"
    )


@pytest.mark.parametrize("number", range(8))
def test_mercure_completion(number: int) -> None:
    ours, their = OURS["completion"][number], theirs("mercure_rules.json", "completion")[number]
    assert answer(ours, *({"SeriesDescription": one} for one in their["received_series"])) is ours["says"]
    assert agrees(ours, their["mercure_result"])


@pytest.mark.parametrize("number", range(13))
def test_monai_workflow_manager_conditions(number: int) -> None:
    ours, their = OURS["monai_workflow_manager"][number], theirs("monai_wm_dicom_conditions.json", "cases")[number]
    keyword = "PatientName" if "0040" in their["expr"] else "SliceThickness"
    value = their["dicom_value"]
    values = ast.literal_eval(value) if value.startswith("[") else [value]
    assert answer(ours, *({keyword: one} for one in values)) is ours["says"]
    assert agrees(ours, their["expected"])


@pytest.mark.parametrize("number", range(10))
def test_monai_sdk_series_selections(number: int) -> None:
    ours, their = OURS["monai_sdk"][number], theirs("monai_sdk_series_selection_rules.json", "rules")[number]
    assert ours["path"] == their["path"]
    assert len(ours["selections"]) == len(their["rules"]["selections"])
    for selection in ours["selections"]:
        assert answer(selection, selection["takes"])
        assert not answer(selection, selection["leaves"])
        if selection.get("too_broad"):
            with pytest.raises(DeclarationError, match="too broad"):
                parse(declaration(selection["select"]))
        else:
            parse(declaration(selection["select"]))

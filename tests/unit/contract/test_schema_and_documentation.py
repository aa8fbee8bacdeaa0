"""What editors and authors are told is what the parser does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from wetread_contract import schema
from wetread_contract.declaration import KEYS, parse
from wetread_contract.derived.registry import DERIVED
from wetread_contract.operator_reader import OPERATORS

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs/declaration.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


def test_the_committed_schema_is_the_one_that_the_code_makes() -> None:
    committed = (ROOT / "proto/model.schema.json").read_text()
    assert committed == schema.text(), "run `python -m wetread_contract.schema > proto/model.schema.json`"


def test_the_schema_knows_every_key_keyword_and_operator() -> None:
    made = json.loads(schema.text())
    assert sorted(made["properties"]) == sorted(KEYS)
    conditions = made["$defs"]["conditions"]["properties"]
    assert {"Modality", "ViewPosition", *DERIVED} <= set(conditions)
    forms = [made["$defs"][name]["anyOf"][0]["properties"] for name in ("one-number", "one-text", "several-text")]
    assert set(OPERATORS) <= {operator for form in forms for operator in form}


@pytest.mark.parametrize("number", range(2))
def test_the_guides_examples_are_accepted(number: int) -> None:
    assert len(EXAMPLES) == 2
    assert parse(EXAMPLES[number]).select


def test_the_guide_names_every_operator_and_every_derived_attribute() -> None:
    assert [name for name in (*OPERATORS, *DERIVED) if name not in GUIDE] == []

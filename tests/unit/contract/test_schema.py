"""The JSON Schema of model.yaml: taking what `parse` takes, refusing what is misspelt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from tests.declarations import text

from wetread_contract.declaration import DeclarationError, parse

ROOT = Path(__file__).parents[3]
COMMITTED = ROOT / "proto" / "model.schema.json"
DECLARATIONS = sorted((ROOT / "services").glob("*/model.yaml"))


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    written: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(written)
    return Draft202012Validator(written)


def test_there_are_declarations_to_check() -> None:
    assert len(DECLARATIONS) >= 2


@pytest.mark.parametrize("file", DECLARATIONS, ids=lambda file: str(file.parent.name))
def test_every_declaration_of_ours_is_taken(file: Path, validator: Draft202012Validator) -> None:
    validator.validate(yaml.safe_load(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("select", "more"),
    [
        ("{Modality: CT, SliceThickness: {between: [1, 3]}, plane: axial}", ""),
        ("{Modality: CT, ImageType: [ORIGINAL, PRIMARY]}", ""),
        ("{Modality: CT, any: [{Rows: 512}, {none: {Columns: 512}}]}", ""),
        ("{Modality: CT, 'ImageType[3]': AXIAL, '(0019,xx0C) SIEMENS MR HEADER': {contains: 1000}}", ""),
        ("{Modality: CT, ViewCodeSequence.CodeMeaning: {contains: craniocaudal}}", ""),
        ("{Modality: CT, series: {count: {at_least: 2, where: {Rows: 1}}, consistent: [Rows, Columns]}}", ""),
        ("{Modality: CT, Rows: {not: {at_least: 2}, when_absent: true}}", ""),
        ("{Modality: CT, PatientAge: {at_least: 18Y}, PixelData: {present: true}}", ""),
        ("{Modality: CT, Rows: 1}", "needs:\ncontraindications: none\nlimits: {max_bytes: 500 MB}"),
        ("{Modality: MG, Rows: 1}", "require: [{each_of: {mg.view: [CC]}, choose: all}, {count: {at_least: 1}}]"),
        ("{Modality: MG, Rows: 1}", "require: [{either: [{any: {Rows: 1}}, [{all: {Rows: 2}}, {none: {Rows: 3}}]]}]"),
        ("{Modality: MG, Rows: 1}", "level: series\nexamples: {miss: [{Modality: CT}]}"),
    ],
)
def test_what_parse_takes_is_taken(select: str, more: str, validator: Draft202012Validator) -> None:
    written = text(select, more)
    parse(written, accept_too_broad=True)
    validator.validate(yaml.safe_load(written))


@pytest.mark.parametrize(
    ("select", "more"),
    [
        ("{Modality: CT, ViewPositon: CC}", ""),
        ("{Modality: CT, mg.vew: {one_of: [CC]}}", ""),
        ("{Modality: CT, mg.kind: ffmd}", ""),
        ("{Modality: CT, SliceThickness: {at_mots: 3}}", ""),
        ("{Modality: CT, ImageType: ORIGINAL}", ""),
        ("{Modality: CT, BodyPartExamined: {contains: CHEST}}", ""),
        ("{Modality: CT, BodyPartExamined: {at_least: A}}", ""),
        ("{Modality: CT, series: {some: {Modality: CT}}}", ""),
        ("{Modality: CT, none: {Mdality: MR}}", ""),
        ("{Modality: CT, Rows: 1}", "requires: []"),
        ("{Modality: CT, Rows: 1}", "limits: {concurency: 2}"),
        ("{Modality: CT, Rows: 1}", "stage: prototype"),
        ("{Modality: CT, Rows: 1}", "require: [{each_of: {mg.view: [CC]}, choose: newest}]"),
        ("{Modality: CT, Rows: 1}", "require: [{each_off: {mg.view: [CC]}}]"),
    ],
)
def test_what_is_misspelt_is_refused_as_parse_refuses_it(
    select: str, more: str, validator: Draft202012Validator
) -> None:
    written = text(select, more)
    with pytest.raises(DeclarationError):
        parse(written)
    assert not validator.is_valid(yaml.safe_load(written))

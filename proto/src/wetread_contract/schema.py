"""The JSON Schema of model.yaml, so that editors complete and check it: `python -m wetread_contract.schema`.

It says less than `parse` does (places, examples, breadth), and nothing that `parse` does not say.
"""

from __future__ import annotations

import json
import re
import sys

from wetread_contract.condition_reader import BLOCKS, QUANTIFIERS, REACHES
from wetread_contract.declaration import LISTS, RULES, Declaration
from wetread_contract.derived.registry import DERIVED, DerivedAttribute
from wetread_contract.dictionary import Attribute, attribute, keywords
from wetread_contract.operator_reader import (
    FOR_ANYTHING,
    FOR_ONE_VALUE,
    FOR_ORDER,
    FOR_SETS,
    OPERATORS,
    WHEN_ABSENT,
)
from wetread_contract.requirement_reader import KINDS
from wetread_contract.requirements import Choice
from wetread_contract.values import EXAMPLES, MATCHABLE, ORDERED, Kind

Json = dict[str, object]

SCALAR: Json = {"type": ["string", "number", "boolean"]}
"""Editors type what is written; we read it as text and type it by VR."""

OTHER_NAMES = (
    r"^(\(.*\) .*|[A-Z][A-Za-z0-9]+((\.[A-Z][A-Za-z0-9]+)+|\[[1-9][0-9]*\]|(\.[A-Z][A-Za-z0-9]+)+\[[1-9][0-9]*\]))$"
)
"""Private attributes, paths into sequences, single values by position."""


def schema() -> Json:
    """Return the schema as plain values."""
    declaration = Declaration.model_json_schema(by_alias=True)
    properties = declaration["properties"]
    properties["schema"] = {"const": 1, "description": properties["schema"]["description"]}
    properties["select"] = _reference("conditions") | {"description": "All must be true for an instance to be sent."}
    properties["exclude"] = _reference("conditions") | {"description": "None may be true; unknown does not exclude."}
    properties["require"] = {"type": "array", "items": _reference("requirement")}
    for name in LISTS:
        listed = properties[name]
        listed["anyOf"] = [{"type": listed.pop("type"), "items": listed.pop("items")}, {"type": ["string", "null"]}]
    declaration["required"] = sorted({*declaration["required"], RULES[0]})
    declaration["$defs"] |= _definitions()
    declaration["$defs"]["Limits"]["properties"]["max_bytes"]["type"] = ["integer", "string"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **declaration}


def _reference(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


def _definitions() -> Json:
    kinds = {(kind, multiple) for kind in Kind for multiple in (False, True)}
    return {
        "conditions": _conditions(),
        "block": {"anyOf": [_reference("conditions"), {"type": "array", "items": _reference("conditions")}]},
        "quantifiers": _object({name: _quantifier(name) for name in QUANTIFIERS}),
        "requirement": _object({name: _requirement(name) for name in (*KINDS, "choose")}),
        **{_name(kind, multiple=multiple): _condition(kind, multiple=multiple) for kind, multiple in sorted(kinds)},
    }


def _object(properties: Json) -> Json:
    return {"type": "object", "additionalProperties": False, "minProperties": 1, "properties": properties}


def _conditions() -> Json:
    properties: Json = {name: _reference("block") for name in BLOCKS}
    properties |= {name: _reference("quantifiers") for name in REACHES}
    properties |= {one.name: _derived(one) for one in DERIVED.values()}
    properties |= {keyword: _reference(_definition(attribute(keyword))) for keyword in keywords()}
    return _object(properties) | {"patternProperties": {OTHER_NAMES: {}}}


def _derived(subject: DerivedAttribute) -> Json:
    values: Json = {"enum": list(subject.vocabulary)} if subject.vocabulary else SCALAR
    condition = _condition(subject.kind, multiple=subject.multiple, value=values)
    return condition | {"description": subject.meaning}


def _definition(subject: Attribute) -> str:
    return _name(subject.kind, multiple=subject.multiple)


def _name(kind: Kind, *, multiple: bool) -> str:
    return f"{'several' if multiple else 'one'} {kind}".replace(" ", "-")


def _condition(kind: Kind, *, multiple: bool, value: Json = SCALAR) -> Json:
    """Return what may stand behind an attribute: a value, a list, or operators."""
    operators: Json = {name: _operand(name, value) for name in OPERATORS if _applies(name, kind, multiple=multiple)}
    operators[WHEN_ABSENT] = {"type": "boolean"}
    forms: list[Json] = [_object(operators)]
    if kind is not Kind.OPAQUE:
        forms.append({"type": "array", "items": value} if multiple else value)
    return {"anyOf": forms, "description": EXAMPLES[kind]}


def _applies(name: str, kind: Kind, *, multiple: bool) -> bool:
    if kind is Kind.OPAQUE:
        return name in FOR_ANYTHING
    if name in (FOR_ONE_VALUE if multiple else FOR_SETS) or (name in FOR_ORDER and kind not in ORDERED):
        return False
    return name != "matches" or kind in MATCHABLE


def _operand(name: str, value: Json) -> Json:
    if name in FOR_ANYTHING:
        return {"type": "boolean"}
    if name in {"one_of", "any_of", "all_of", "other_than", "between"}:
        return {"type": "array", "items": value, "minItems": 2 if name == "between" else 1}
    if name == "matches":
        return {"type": "string"}
    return {} if name in {"not", "contains"} else value


def _quantifier(name: str) -> Json:
    if name == "consistent":
        return {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    if name == "count":
        bound: Json = {"type": "integer", "minimum": 0}
        return _object({"where": _reference("conditions"), "at_least": bound, "at_most": bound})
    return _reference("conditions")


def _requirement(name: str) -> Json:
    if name == "choose":
        return {"enum": [str(choice) for choice in Choice]}
    if name == "each_of":
        return {"type": "object", "additionalProperties": {"type": "array", "items": SCALAR, "minItems": 1}}
    if name == "either":
        one = _reference("requirement")
        return {"type": "array", "minItems": 2, "items": {"anyOf": [one, {"type": "array", "items": one}]}}
    return _quantifier(name)


def text() -> str:
    """Return the schema as it is committed: an attribute per line."""
    written = json.dumps(schema(), indent=1, ensure_ascii=False)
    return re.sub(r'\{\s+("\$ref": "[^"]+")\s+\}', r"{\1}", written) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())

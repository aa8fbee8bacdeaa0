"""From a document to conditions: every name, operator and operand is checked before it can do harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wetread_contract.conditions import (
    AttributeCondition,
    Block,
    Combination,
    Condition,
    Neighbours,
    Reach,
)
from wetread_contract.derived.registry import DERIVED, DerivedAttribute
from wetread_contract.dictionary import Attribute, UnknownAttributeError, attribute
from wetread_contract.judgement import Truth
from wetread_contract.operator_reader import OperatorReader
from wetread_contract.problems import suggestion
from wetread_contract.quantifiers import Consistent, Count, Members
from wetread_contract.yaml_source import Entry, Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from wetread_contract.conditions import Quantifier
    from wetread_contract.problems import Problems

BLOCKS = tuple(Combination)
REACHES = tuple(Reach)
QUANTIFIERS = ("any", "all", "none", "count", "consistent")


class ConditionReader:
    """Reads `select`, `exclude`, site policy and the conditions inside requirements."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def conditions(self, node: Node) -> tuple[Condition, ...]:
        """Return the conditions of a mapping; those with problems are left out."""
        if not isinstance(node, Mapping):
            self.problems.add(node.place, "conditions are a mapping", "write `Attribute: value` on lines of their own")
            return ()
        found = (self._condition(entry) for entry in node)
        return tuple(one for one in found if one is not None)

    def _condition(self, entry: Entry) -> Condition | None:
        if entry.key in BLOCKS:
            return self._block(Combination(entry.key), entry)
        if entry.key in REACHES:
            return self._neighbours(Reach(entry.key), entry)
        subject = self.subject(entry)
        return self._leaf(subject, entry) if subject else None

    def _block(self, combination: Combination, entry: Entry) -> Block | None:
        """Read a mapping of conditions, or a list of such mappings (the same attribute twice, say)."""
        nodes = entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
        groups = [self.conditions(node) for node in nodes]
        listed = isinstance(entry.value, Sequence)
        parts = tuple(_together(group) for group in groups if group) if listed else groups[0]
        if not parts:
            self.problems.add(entry.place, f"`{entry.key}` without conditions", "put conditions below it or remove it")
            return None
        return Block(combination, parts, f"{entry.key} ({'; '.join(part.text for part in parts)})")

    def _neighbours(self, reach: Reach, entry: Entry) -> Neighbours | None:
        if not isinstance(entry.value, Mapping):
            self.problems.add(entry.place, f"`{entry.key}` is a mapping", f"put {', '.join(QUANTIFIERS)} below it")
            return None
        quantifiers = [self.quantifier(one) for one in entry.value]
        found = tuple(one for one in quantifiers if one)
        return Neighbours(reach, found, f"{reach} ({'; '.join(one.text for one in found)})") if found else None

    def quantifier(self, entry: Entry) -> Quantifier | None:
        """Read one of `any`, `all`, `none`, `count`, `consistent`."""
        if entry.key in BLOCKS:
            return self._members(Combination(entry.key), entry)
        if entry.key == "count":
            return self._count(entry)
        if entry.key == "consistent":
            return self._consistent(entry)
        self.problems.unknown_word(entry.place, "a quantifier", entry.key, QUANTIFIERS)
        return None

    def _members(self, combination: Combination, entry: Entry) -> Members | None:
        parts = self.conditions(entry.value)
        if not parts:
            return None
        inner = _together(parts)
        return Members(combination, inner, f"{combination} of the instances ({inner.text})")

    def _count(self, entry: Entry) -> Count | None:
        if not isinstance(entry.value, Mapping):
            self.problems.add(entry.place, "`count` is a mapping", "such as `count: {at_least: 20}`")
            return None
        bounds: dict[str, int] = {}
        condition = _together(())
        for one in entry.value:
            if one.key in {"at_least", "at_most"}:
                bounds[one.key] = self.natural(one)
            elif one.key == "where":
                condition = _together(self.conditions(one.value))
            else:
                self.problems.unknown_word(one.place, "part of a count", one.key, ("at_least", "at_most", "where"))
        if not bounds:
            self.problems.add(entry.place, "a count without bounds", "add `at_least`, `at_most` or both")
        if bounds.get("at_least", 0) > bounds.get("at_most", bounds.get("at_least", 0)):
            self.problems.add(entry.place, "no count can be so", "`at_least` must not exceed `at_most`")
        words = [f"{name} {number}" for name, number in bounds.items()]
        text = f"count {', '.join(words)}" + (f" where {condition.text}" if condition.text != EVERY_INSTANCE else "")
        return Count(condition, bounds.get("at_least", 0), bounds.get("at_most"), text)

    def natural(self, entry: Entry) -> int:
        """Read a whole number from 0."""
        if isinstance(entry.value, Scalar) and entry.value.text.isascii() and entry.value.text.isdigit():
            return int(entry.value.text)
        self.problems.add(entry.value.place, "not a whole number", "digits only")
        return 0

    def _consistent(self, entry: Entry) -> Consistent | None:
        names = entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
        subjects = [self.subject(Entry(one.text, one.place, one)) for one in names if isinstance(one, Scalar)]
        found = tuple(one for one in subjects if one)
        return Consistent(found, f"consistent {', '.join(one.name for one in found)}") if found else None

    def subject(self, entry: Entry) -> Attribute | DerivedAttribute | None:
        """Return the attribute that a key names; None, with the problem, where there is none."""
        if entry.key in DERIVED:
            return DERIVED[entry.key]
        try:
            return attribute(entry.key)
        except UnknownAttributeError as error:
            advice = suggestion(entry.key, DERIVED) if entry.key.islower() else ""
            self.problems.add(entry.place, str(error), advice)
            return None

    def _leaf(self, subject: Attribute | DerivedAttribute, entry: Entry) -> AttributeCondition | None:
        before = len(self.problems.found)
        reader = OperatorReader(subject, self.problems)
        tests = reader.tests(entry.value)
        if len(self.problems.found) > before:
            return None
        words = ", ".join(test.text for test in tests)
        if reader.when_absent is not Truth.UNKNOWN:
            words += f", when_absent {reader.when_absent}"
        return AttributeCondition(subject, tests, f"{subject.name} {words}", reader.when_absent, reader.pinned)


EVERY_INSTANCE = "every instance"


def _together(parts: tuple[Condition, ...]) -> Condition:
    """Return one condition for several that must all be true."""
    if len(parts) == 1:
        return parts[0]
    return Block(Combination.ALL, parts, "; ".join(part.text for part in parts) or EVERY_INSTANCE)

"""From a document to the operators on one attribute: each is checked against the attribute's VR."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ParamSpec

import re2

from wetread_contract import operators
from wetread_contract.dictionary import Attribute
from wetread_contract.held import listed, quoted
from wetread_contract.judgement import Truth
from wetread_contract.operand_reader import Refused, operand, operands
from wetread_contract.operators import Test, ValueTest
from wetread_contract.problems import suggestion
from wetread_contract.truth import conjunction, truth
from wetread_contract.values import EXAMPLES, MATCHABLE, ORDERED, Kind
from wetread_contract.yaml_source import Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from wetread_contract.derived.registry import DerivedAttribute
    from wetread_contract.problems import Problems
    from wetread_contract.values import Value

P = ParamSpec("P")

WHEN_ABSENT = "when_absent"

PATTERN_MEMORY = 1 << 20
"""Bytes that a compiled expression may take: `(a{1000}){1000}` is refused instead of built."""

TRIVIAL = ("", "x", "Ab 9.\N{LATIN SMALL LETTER E WITH ACUTE}_-/")
"""What an expression matches that asks for nothing."""


class OperatorReader:
    """Reads what stands behind one attribute: a value, a list, or operators."""

    def __init__(self, subject: Attribute | DerivedAttribute, problems: Problems) -> None:
        self.subject = subject
        self.problems = problems
        self.when_absent = Truth.UNKNOWN
        self.pinned: frozenset[Value] = frozenset()
        """The values it is true for, where it is a plain value or `one_of`."""

    def tests(self, node: Node) -> tuple[Test, ...]:
        """Return the tests that must all be true; problems are collected on the way."""
        if isinstance(node, Mapping):
            asked = [entry for entry in node if entry.key != WHEN_ABSENT]
            if not asked:
                self.problems.add(node.place, "no operator", f"one of {', '.join(OPERATORS)}")
            found = [self._collected(self._operator, one.key, one.value) for one in asked]
            self._read_when_absent(node)
        elif isinstance(node, Scalar):
            found = [self._collected(self._plain, node)]
        else:
            found = [self._collected(self._whole, node)]
        return tuple(test for test in found if test)

    def _collected(self, read: Callable[P, Test], *arguments: P.args, **named: P.kwargs) -> Test | None:
        try:
            return read(*arguments, **named)
        except Refused as refused:
            refused.add_to(self.problems)
            return None

    def _read_when_absent(self, node: Mapping) -> None:
        answer = node.get(WHEN_ABSENT)
        try:
            self.when_absent = truth(_yes(answer)) if answer else Truth.UNKNOWN
        except Refused as refused:
            refused.add_to(self.problems)

    def _operator(self, name: str, node: Node) -> Test:
        build = OPERATORS.get(name)
        if build is None:
            raise Refused(node, f"`{name}` is not an operator", suggestion(name, (*OPERATORS, WHEN_ABSENT)))
        if self.subject.kind is Kind.OPAQUE and name not in FOR_ANYTHING:
            raise Refused(node, f"`{name}` needs values to compare", EXAMPLES[Kind.OPAQUE])
        if self.subject.multiple and name in FOR_ONE_VALUE:
            raise self._several_values(node, name)
        if not self.subject.multiple and name in FOR_SETS:
            raise self._one_value(node, name)
        if name in FOR_ORDER and self.subject.kind not in ORDERED:
            raise Refused(node, f"`{name}` cannot compare {self._what()}", f"only {', '.join(sorted(ORDERED))}")
        return build(self, node)

    def _what(self) -> str:
        vr = f" ({self.subject.vr})" if isinstance(self.subject, Attribute) else ""
        return f"{self.subject.name}{vr}, which is {self.subject.kind}"

    def _several_values(self, node: Node, name: str) -> Refused:
        instead = "contains, any_of, all_of, other_than"
        if isinstance(self.subject, Attribute) and self.subject.vr != "SQ":
            instead += f", or one value by position: `{self.subject.name}[1]`"
        return Refused(node, f"`{name}` is for one value and {self.subject.name} can have several", f"use {instead}")

    def _one_value(self, node: Node, name: str) -> Refused:
        found = f"`{name}` is for several values and {self.subject.name} has one"
        if name == "contains" and isinstance(node, Scalar):
            return Refused(node, found, f'for a part of the text write `matches: ".*{re.escape(node.text)}.*"`')
        return Refused(node, found, "use one_of or not")

    def _operands(self, node: Node) -> list[Value]:
        return operands(self.subject, node, self.problems)

    def _single_precision(self) -> bool:
        return isinstance(self.subject, Attribute) and self.subject.vr == "FL"

    def _equal(self, wanted: Value) -> ValueTest:
        return operators.equals(wanted, single_precision=self._single_precision())

    def _among(self, name: str, node: Node) -> ValueTest:
        return operators.among(name, self._operands(node), single_precision=self._single_precision())

    def _plain(self, node: Scalar) -> Test:
        if self.subject.multiple:
            raise self._several_values(node, "a plain value")
        if self.subject.kind is Kind.OPAQUE:
            raise Refused(node, "a plain value needs values to compare", EXAMPLES[Kind.OPAQUE])
        value = operand(self.subject, node)
        self.pinned = frozenset({value})
        asked = self._equal(value)
        return operators.single(ValueTest(f"is {asked.text}", asked.holds))

    def _whole(self, node: Sequence) -> Test:
        """Read a list as the whole value, in its order."""
        if not self.subject.multiple:
            raise Refused(node, f"{self.subject.name} has one value", "use `one_of: [...]`")
        return operators.whole([self._equal(one) for one in self._operands(node)])

    def one_of(self, node: Node) -> Test:
        """Read `one_of: [a, b]`."""
        wanted = self._operands(node)
        self.pinned = frozenset(wanted)
        return operators.single(operators.among("one_of", wanted, single_precision=self._single_precision()))

    def not_(self, node: Node) -> Test:
        """Read `not: value` or `not: {operator: …}`."""
        inner = OperatorReader(self.subject, self.problems)
        tests = inner.tests(node)
        if inner.when_absent is not Truth.UNKNOWN:
            raise Refused(node, "`when_absent` inside `not`", "put it beside `not`")
        return operators.opposite(f"not ({', '.join(test.text for test in tests)})", tests)

    def matches(self, node: Node) -> Test:
        """Read `matches: expression`, which must match the whole value."""
        return operators.single(self._expression(node))

    def _expression(self, node: Node) -> ValueTest:
        """Return a test of one value, linear in its length: no declaration can hang us."""
        if not isinstance(node, Scalar) or self.subject.kind not in MATCHABLE:
            raise Refused(node, f"`matches` cannot be asked of {self._what()}", "it is for text")
        options = re2.Options()
        options.log_errors = False
        options.max_mem = PATTERN_MEMORY
        options.case_sensitive = self.subject.kind is not Kind.CODE_STRING
        try:
            pattern = re2.compile(node.text, options)
        except re2.error as error:
            why = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
            advice = "RE2 has no look-around and no back-references; `not: {matches: …}` says what must not be there"
            raise Refused(node, f"`{node.text}` is no regular expression: {why}", advice) from error
        positive = not all(pattern.fullmatch(text) for text in TRIVIAL)
        text = f"matches {quoted(node.text)}"
        return ValueTest(text, lambda value: truth(pattern.fullmatch(str(value)) is not None), positive)

    def contains(self, node: Node) -> Test:
        """Read `contains: value`, or `contains: {operator: …}` for one value of which it is true."""
        if isinstance(node, Mapping):
            tests = [self._value_test(entry.key, entry.value) for entry in node]
            words = ", ".join(test.text for test in tests)
            asked = ValueTest(words, lambda value: conjunction(test.holds(value) for test in tests))
            return operators.some(f"contains one that {words}", asked)
        asked = self._equal(operand(self.subject, node))
        return operators.some(f"contains {asked.text}", asked)

    def _value_test(self, name: str, node: Node) -> ValueTest:
        if name == "matches":
            return self._expression(node)
        if name not in FOR_ORDER:
            raise Refused(node, f"`{name}` cannot be inside `contains`", suggestion(name, ("matches", *FOR_ORDER)))
        if self.subject.kind not in ORDERED:
            raise Refused(node, f"`{name}` cannot compare {self._what()}", f"only {', '.join(sorted(ORDERED))}")
        return self._bound(name, node)

    def any_of(self, node: Node) -> Test:
        """Read `any_of: [a, b]`: at least one of them is there."""
        asked = self._among("any_of", node)
        return operators.some(asked.text, asked)

    def all_of(self, node: Node) -> Test:
        """Read `all_of: [a, b]`: each of them is there."""
        wanted = self._operands(node)
        tests = [operators.some("", self._equal(one)) for one in wanted]
        return operators.together(f"all_of {listed(wanted)}", tests)

    def other_than(self, node: Node) -> Test:
        """Read `other_than: [a, b]`: there is one that is none of them."""
        asked = self._among("other_than", node)
        return operators.some(asked.text, operators.not_(asked))

    def _bound(self, name: str, node: Node) -> ValueTest:
        if name == "between":
            return self._between(node)
        limit = operand(self.subject, node)
        return operators.at_least(limit) if name == "at_least" else operators.at_most(limit)

    def _between(self, node: Node) -> ValueTest:
        limits = self._operands(node)
        if len(limits) != 2 or operators.compared(limits[0], limits[1]) == 1:  # noqa: PLR2004 - a range has two ends
            raise Refused(node, "not a range", "two values, the smaller first; both belong to it")
        return operators.between(limits[0], limits[1])

    def bound(self, name: str, node: Node) -> Test:
        """Read `at_least`, `at_most` or `between`."""
        return operators.single(self._bound(name, node))


def _yes(node: Node) -> bool:
    if isinstance(node, Scalar) and node.text in {"true", "false"}:
        return node.text == "true"
    raise Refused(node, "neither true nor false", "write `true` or `false`")


OPERATORS: dict[str, Callable[[OperatorReader, Node], Test]] = {
    "one_of": OperatorReader.one_of,
    "not": OperatorReader.not_,
    "matches": OperatorReader.matches,
    "contains": OperatorReader.contains,
    "any_of": OperatorReader.any_of,
    "all_of": OperatorReader.all_of,
    "other_than": OperatorReader.other_than,
    "at_least": lambda reader, node: reader.bound("at_least", node),
    "at_most": lambda reader, node: reader.bound("at_most", node),
    "between": lambda reader, node: reader.bound("between", node),
    "present": lambda _, node: operators.present(wanted=_yes(node)),
    "absent": lambda _, node: operators.absent(wanted=_yes(node)),
    "empty": lambda _, node: operators.empty(wanted=_yes(node)),
}
FOR_ANYTHING = frozenset({"present", "absent", "empty"})
FOR_ONE_VALUE = frozenset({"one_of", "matches", "at_least", "at_most", "between"})
FOR_SETS = frozenset({"contains", "any_of", "all_of", "other_than"})
FOR_ORDER = ("at_least", "at_most", "between")

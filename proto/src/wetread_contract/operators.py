"""What operators ask of the values that an instance holds.

Operators for one value are unknown where there is no value or one that cannot be read; operators
for sets take "present but empty" as the empty set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from wetread_contract.held import listed
from wetread_contract.judgement import Truth
from wetread_contract.truth import conjunction, disjunction, negated, truth
from wetread_contract.values import Age

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wetread_contract.held import Held
    from wetread_contract.values import Value

FLOAT32_PRECISION = 1e-6
"""FL values are 32 bits wide: 1.0433 in a rule is 1.0433000326 in a data set."""


@dataclass(frozen=True, slots=True)
class ValueTest:
    """Something asked of one value."""

    text: str
    """In words, behind the attribute's name: `at_most 3`."""
    holds: Callable[[Value], Truth]
    positive: bool = True
    """It asks for something, so that it narrows a rule; `matches: ".*"` does not."""


@dataclass(frozen=True, slots=True)
class Test:
    """One operator with its operand, asked of all that an instance holds for an attribute."""

    text: str
    holds: Callable[[Held], Truth]
    positive: bool = True
    """It asks for something; `not`, `absent` and `empty` do not."""


def single(asked: ValueTest) -> Test:
    """Ask it of the one value; unknown where there is none, or more than one where there must not be."""

    def holds(held: Held) -> Truth:
        if not held.present or len(held.values) != 1:
            return Truth.UNKNOWN
        value = held.values[0]
        return Truth.UNKNOWN if value is None or value == "" else asked.holds(value)

    return Test(asked.text, holds, asked.positive)


def some(text: str, asked: ValueTest) -> Test:
    """Ask whether it is true of at least one value; of the empty set, it is not."""

    def holds(held: Held) -> Truth:
        if not held.present:
            return Truth.UNKNOWN
        values = (value for value in held.values if value != "")
        return disjunction(Truth.UNKNOWN if value is None else asked.holds(value) for value in values)

    return Test(text, holds)


def whole(wanted: Sequence[ValueTest]) -> Test:
    """Ask whether the values are these, in this order and no others."""

    def holds(held: Held) -> Truth:
        if not held.present:
            return Truth.UNKNOWN
        if len(held.values) != len(wanted):
            return Truth.FALSE
        pairs = zip(wanted, held.values, strict=True)
        return conjunction(Truth.UNKNOWN if value is None else test.holds(value) for test, value in pairs)

    return Test(f"is [{', '.join(test.text for test in wanted)}]", holds)


def opposite(text: str, tests: Sequence[Test]) -> Test:
    """Ask for the negation of them together; of unknown, unknown."""
    return Test(text, lambda held: negated(conjunction(test.holds(held) for test in tests)), positive=False)


def together(text: str, tests: Sequence[Test]) -> Test:
    """Ask whether all are true."""
    return Test(text, lambda held: conjunction(test.holds(held) for test in tests))


def equals(wanted: Value, *, single_precision: bool = False) -> ValueTest:
    """Ask whether a value is the one wanted."""
    tolerance = FLOAT32_PRECISION if single_precision else 0.0

    def holds(value: Value) -> Truth:
        if isinstance(value, float) and isinstance(wanted, float):
            return truth(math.isclose(value, wanted, rel_tol=tolerance))
        if isinstance(value, datetime | Age):
            return _is(compared(value, wanted), (0,))
        return truth(value == wanted)

    return ValueTest(listed([wanted]), holds)


def among(name: str, wanted: Sequence[Value], *, single_precision: bool = False) -> ValueTest:
    """Ask whether a value is one of those wanted."""
    tests = [equals(one, single_precision=single_precision) for one in wanted]
    return ValueTest(f"{name} {listed(wanted)}", lambda value: disjunction(test.holds(value) for test in tests))


def not_(asked: ValueTest) -> ValueTest:
    """Ask for the negation; of unknown, unknown."""
    return ValueTest(f"not {asked.text}", lambda value: negated(asked.holds(value)))


def at_least(limit: Value) -> ValueTest:
    """Ask whether a value is the limit or behind it."""
    return ValueTest(f"at_least {listed([limit])}", lambda value: _is(compared(value, limit), (0, 1)))


def at_most(limit: Value) -> ValueTest:
    """Ask whether a value is the limit or before it."""
    return ValueTest(f"at_most {listed([limit])}", lambda value: _is(compared(value, limit), (-1, 0)))


def between(low: Value, high: Value) -> ValueTest:
    """Ask whether a value is one of the limits or between them."""
    bounds = at_least(low), at_most(high)
    text = f"between {listed([low])} and {listed([high])}"
    return ValueTest(text, lambda value: conjunction(bound.holds(value) for bound in bounds))


def _is(order: int | None, orders: tuple[int, ...]) -> Truth:
    return Truth.UNKNOWN if order is None else truth(order in orders)


def compared(value: Value, wanted: Value) -> int | None:
    """Return -1, 0 or 1; None where the two cannot be compared: one moment with, one without time zone."""
    if isinstance(value, Age) and isinstance(wanted, Age):
        return _sign(value.completed(wanted.unit), wanted.count)
    if isinstance(value, datetime) and isinstance(wanted, datetime) and bool(value.tzinfo) != bool(wanted.tzinfo):
        return None
    return _sign(value, wanted) if type(value) is type(wanted) else None


def _sign(left: object, right: object) -> int:
    if left == right:
        return 0
    return -1 if left < right else 1  # type: ignore[operator]


def present(*, wanted: bool) -> Test:
    """Ask whether the attribute is there, with or without a value."""
    return Test(_named("present", wanted=wanted), lambda held: truth(held.present is wanted), positive=wanted)


def absent(*, wanted: bool) -> Test:
    """Ask whether the attribute is not there."""
    return Test(_named("absent", wanted=wanted), lambda held: truth(held.present is not wanted), positive=not wanted)


def empty(*, wanted: bool) -> Test:
    """Ask whether the attribute is there without a value."""
    return Test(_named("empty", wanted=wanted), lambda held: truth(held.empty is wanted), positive=False)


def _named(name: str, *, wanted: bool) -> str:
    return name if wanted else f"not {name}"

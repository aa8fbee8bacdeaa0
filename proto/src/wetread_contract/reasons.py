"""Why instances are not selected, in a few words each: the most telling of the conditions that they fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wetread_contract.conditions import AttributeCondition, answered
from wetread_contract.derived.registry import DerivedAttribute
from wetread_contract.rules import INDEX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wetread_contract.conditions import Condition
    from wetread_contract.rules import Rules
    from wetread_contract.study import Study

MOST_REASONS = 8
"""Different reasons that a judgement about a whole study lists; its tree has all clauses."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Instances that one thing has stopped."""

    bits: int
    reason: str


def stopped(rules: Rules, study: Study, scope: int) -> tuple[Stopped, ...]:
    """Return each reason with the instances that it tells most about; each instance once."""
    found: list[Stopped] = []
    remaining = scope
    for condition, failing, wanted in _failing(rules, study):
        for one in _said(condition, study, failing & remaining, wanted=wanted):
            found.append(one)
            remaining &= ~one.bits
    return tuple(found)


def _failing(rules: Rules, study: Study) -> Iterator[tuple[Condition, int, bool]]:
    """Return conditions with the instances that fail them, in the order in which they tell something.

    What is false tells more than what is unknown; a wrong modality tells most, then what the object
    is, then other attributes, and the SOP class, which those explain, least.
    """
    select = sorted(rules.select, key=_telling)
    for condition in select:
        yield condition, answered(condition, study).false, True
    for condition in rules.exclude:
        yield condition, answered(condition, study).true, False
    for condition in select:
        yield condition, study.universe & ~answered(condition, study).true, True


def _telling(condition: Condition) -> int:
    if not isinstance(condition, AttributeCondition):
        return 2
    if condition.subject.name in INDEX:
        return 3 * INDEX.index(condition.subject.name)
    return 1 if isinstance(condition.subject, DerivedAttribute) else 2


def _said(condition: Condition, study: Study, failing: int, *, wanted: bool) -> Iterator[Stopped]:
    """Return the instances that fail one condition, by what they hold."""
    if not failing:
        return
    if not isinstance(condition, AttributeCondition):
        yield Stopped(failing, f"not: {condition.text}" if wanted else condition.text)
        return
    by_reason: dict[str, int] = {}
    for held, bits in study.column(condition.subject):
        if bits & failing:
            words = _asked(condition) if wanted and held.values else ""
            reason = f"{condition.subject.name} is {condition.said(held)}{words}"
            by_reason[reason] = by_reason.get(reason, 0) | bits & failing
    for reason, bits in by_reason.items():
        yield Stopped(bits, reason)


def _asked(condition: AttributeCondition) -> str:
    if condition.pinned:
        return f", not {' or '.join(sorted(map(str, condition.pinned)))}"
    return f", asked for: {', '.join(test.text for test in condition.tests)}"


def summary(reasons: tuple[Stopped, ...], scope: int) -> Iterator[str]:
    """Return the reasons of a whole study, the most frequent first, with how many instances each has stopped."""
    ordered = sorted(reasons, key=lambda one: -one.bits.bit_count())
    total = scope.bit_count()
    for one in ordered[:MOST_REASONS]:
        yield f"{one.reason} ({one.bits.bit_count()} of {total} instances)"
    if len(ordered) > MOST_REASONS:
        yield f"{len(ordered) - MOST_REASONS} more reasons"
    if not total:
        yield "no instance takes part"

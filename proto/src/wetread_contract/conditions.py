"""Conditions as a tree that answers for a whole study at once, and explains itself.

Leaves speak of an attribute; `all`, `any` and `none` combine; `series` and `study` ask the
neighbours of an instance.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from wetread_contract.derived.registry import DerivedAttribute
from wetread_contract.dictionary import shown
from wetread_contract.judgement import Clause, Truth
from wetread_contract.truth import Truths, all_of, any_of, everywhere

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wetread_contract.dictionary import Attribute
    from wetread_contract.held import Held
    from wetread_contract.operators import Test
    from wetread_contract.study import Study
    from wetread_contract.values import Value


class Condition(Protocol):
    """Something that is true, false or unknown for each instance of a study."""

    @property
    def text(self) -> str:
        """In words; equal texts are equal conditions."""

    def answer(self, study: Study) -> Truths:
        """Return for which of the study's instances it is true and for which false."""

    def clause(self, study: Study, scope: int) -> Clause:
        """Explain it over some of the study's instances."""


def answered(condition: Condition, study: Study) -> Truths:
    """Return the answer, evaluated once per study however many declarations ask."""
    known = study.truths.get(condition.text)
    if known is None:
        known = study.truths[condition.text] = condition.answer(study)
    return known


def explained(part: Condition | Quantifier, study: Study, scope: int) -> Clause:
    """Return the explanation, made once per study and scope however many declarations ask."""
    key = (part.text, scope)
    known = study.clauses.get(key)
    if known is None:
        known = study.clauses[key] = part.clause(study, scope)
    return known


def counted(condition: Condition, study: Study, scope: int, **more: object) -> Clause:
    """Return a clause with how often the condition is true, false and unknown."""
    answer = answered(condition, study)
    true, false = (answer.true & scope).bit_count(), (answer.false & scope).bit_count()
    return Clause(condition.text, true, false, scope.bit_count() - true - false, **more)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class AttributeCondition:
    """A condition on one attribute: all its operators at once."""

    subject: Attribute | DerivedAttribute
    tests: tuple[Test, ...]
    text: str
    when_absent: Truth = Truth.UNKNOWN
    """What an attribute without a value means."""
    pinned: frozenset[Value] = frozenset()
    """The values it is true for, where it is a plain value or `one_of`: what an index can use."""

    @property
    def excepts_absent(self) -> bool:
        """It lets instances without the attribute pass."""
        return self.when_absent is Truth.TRUE

    @property
    def positive(self) -> bool:
        """It narrows the rule to instances that have something."""
        return self.when_absent is not Truth.TRUE and any(test.positive for test in self.tests)

    def truth(self, held: Held) -> Truth:
        """Return the answer for what one instance holds."""
        answer = Truth.TRUE
        for test in self.tests:
            one = test.holds(held)
            if one is Truth.FALSE:
                return one
            answer = answer if one is Truth.TRUE else one
        return self.when_absent if answer is Truth.UNKNOWN and not held.values else answer

    def answer(self, study: Study) -> Truths:
        """Return for which of the study's instances it is true and for which false."""
        true = false = 0
        for held, bits in study.column(self.subject):
            answer = self.truth(held)
            if answer is Truth.TRUE:
                true |= bits
            elif answer is Truth.FALSE:
                false |= bits
        return Truths(true, false)

    def clause(self, study: Study, scope: int) -> Clause:
        """Explain it over some of the study's instances, with one offending value."""
        return counted(self, study, scope, example=self.offending(study, scope))

    def offending(self, study: Study, scope: int) -> str | None:
        """Return what an instance holds for which this is false, else unknown; None where nothing offends."""
        answer = answered(self, study)
        for bad in (answer.false & scope, scope & ~answer.true):
            for held, bits in study.column(self.subject):
                if bits & bad:
                    return self.said(held)
        return None

    def said(self, held: Held) -> str:
        """Return what an instance holds in words, withheld where it could identify somebody."""
        if not held.values:
            return f"unknown: {held.note}" if held.note else str(held)
        if isinstance(self.subject, DerivedAttribute):
            return str(held)
        return str(held) if shown(self.subject) else "(value withheld)"


class Combination(StrEnum):
    """How a block combines its conditions."""

    ALL = "all"
    ANY = "any"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Block:
    """Conditions under `all`, `any` or `none`."""

    combination: Combination
    parts: tuple[Condition, ...]
    text: str

    def answer(self, study: Study) -> Truths:
        """Return for which of the study's instances it is true and for which false."""
        return combined(self.combination, [answered(part, study) for part in self.parts], study.universe)

    def clause(self, study: Study, scope: int) -> Clause:
        """Explain it over some of the study's instances."""
        return counted(self, study, scope, children=tuple(explained(part, study, scope) for part in self.parts))


def combined(combination: Combination, parts: Iterable[Truths], universe: int) -> Truths:
    """Return what a block says, from what its conditions say."""
    if combination is Combination.ALL:
        return all_of(parts, universe)
    some = any_of(parts, universe)
    return some if combination is Combination.ANY else ~some


class Quantifier(Protocol):
    """Something that is true, false or unknown of a set of instances."""

    @property
    def text(self) -> str:
        """In words."""

    def over(self, study: Study, scope: int) -> Truth:
        """Return the answer for a set of the study's instances."""

    def clause(self, study: Study, scope: int) -> Clause:
        """Explain it; the counts are of instances."""


class Reach(StrEnum):
    """Which neighbours of an instance are asked."""

    SERIES = "series"
    STUDY = "study"


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Something that the whole series or study of an instance must fulfil."""

    reach: Reach
    quantifiers: tuple[Quantifier, ...]
    text: str

    def answer(self, study: Study) -> Truths:
        """Return the same answer for all instances of a series, or of the study."""
        groups = study.series.values() if self.reach is Reach.SERIES else (study.universe,)
        answers = Truths()
        for group in groups:
            here = all_of((everywhere(group, quantifier.over(study, group)) for quantifier in self.quantifiers), group)
            answers = Truths(answers.true | here.true, answers.false | here.false)
        return answers

    def clause(self, study: Study, scope: int) -> Clause:
        """Explain it over some of the study's instances."""
        return counted(self, study, scope, children=tuple(explained(one, study, scope) for one in self.quantifiers))

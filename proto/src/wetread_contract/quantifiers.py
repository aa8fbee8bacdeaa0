"""What can be asked of a set of instances: `any`, `all`, `none`, `count`, `consistent`.

Three-valued too: a count with unknown members is a range, and the answer is known only where the
whole range agrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wetread_contract.conditions import Combination, answered, counted, explained
from wetread_contract.judgement import Clause, Truth
from wetread_contract.truth import conjunction, negated, truth

if TYPE_CHECKING:
    from wetread_contract.conditions import Condition
    from wetread_contract.derived.registry import DerivedAttribute
    from wetread_contract.dictionary import Attribute
    from wetread_contract.study import Study


@dataclass(frozen=True, slots=True)
class Members:
    """Whether a condition holds for any, all or none of the instances."""

    combination: Combination
    condition: Condition
    text: str

    def over(self, study: Study, scope: int) -> Truth:
        """Return the answer for a set of the study's instances; of no instances: any false, all and none true."""
        answer = answered(self.condition, study)
        true, false = answer.true & scope, answer.false & scope
        if self.combination is Combination.ALL:
            return truth(true == scope) if true == scope or false else Truth.UNKNOWN
        some = truth(bool(true)) if true or false == scope else Truth.UNKNOWN
        return some if self.combination is Combination.ANY else negated(some)

    def clause(self, study: Study, scope: int) -> Clause:
        """Explain it; the counts are of the inner condition."""
        inner = explained(self.condition, study, scope)
        return Clause(self.text, inner.true, inner.false, inner.unknown, children=(inner,))


@dataclass(frozen=True, slots=True)
class Count:
    """How many instances fulfil a condition."""

    condition: Condition
    at_least: int
    at_most: int | None
    text: str

    def over(self, study: Study, scope: int) -> Truth:
        """Return the answer; instances for which the condition is unknown may or may not count."""
        answer = answered(self.condition, study)
        fewest = (answer.true & scope).bit_count()
        most = (scope & ~answer.false).bit_count()
        enough = truth(fewest >= self.at_least) if fewest >= self.at_least or most < self.at_least else Truth.UNKNOWN
        if self.at_most is None:
            return enough
        few = truth(most <= self.at_most) if most <= self.at_most or fewest > self.at_most else Truth.UNKNOWN
        return conjunction((enough, few))

    def clause(self, study: Study, scope: int) -> Clause:
        """Explain it; the counts are of the inner condition."""
        inner = counted(self.condition, study, scope)
        return Clause(self.text, inner.true, inner.false, inner.unknown)


@dataclass(frozen=True, slots=True)
class Consistent:
    """Whether all instances hold the same for each of some attributes."""

    subjects: tuple[Attribute | DerivedAttribute, ...]
    text: str

    def over(self, study: Study, scope: int) -> Truth:
        """Return false where two known values differ; unknown where one is absent or unreadable."""
        return conjunction(self._one(study, subject, scope) for subject in self.subjects)

    def _one(self, study: Study, subject: Attribute | DerivedAttribute, scope: int) -> Truth:
        here = [held for held, bits in study.column(subject) if bits & scope]
        known = [held for held in here if held.present and None not in held.values]
        if len(known) > 1:
            return Truth.FALSE
        return truth(len(known) <= 1) if len(known) == len(here) else Truth.UNKNOWN

    def clause(self, study: Study, scope: int) -> Clause:
        """Explain it: all instances are counted under the answer."""
        answer, size = self.over(study, scope), scope.bit_count()
        true, false, unknown = (size * (answer is one) for one in (Truth.TRUE, Truth.FALSE, Truth.UNKNOWN))
        return Clause(self.text, true, false, unknown)

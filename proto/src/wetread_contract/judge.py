"""What the rules of one declaration say about one study: the function everything else leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wetread_contract.conditions import AttributeCondition, answered
from wetread_contract.derived.registry import DERIVED, DerivedAttribute
from wetread_contract.judgement import Clause, Judgement, LeftOutInstance, Outcome, SelectedInstance, Truth
from wetread_contract.requirements import all_each_of, bits, fulfil
from wetread_contract.rules import INDEX
from wetread_contract.study import Study
from wetread_contract.truth import all_of, any_of, indices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from wetread_contract.conditions import Condition
    from wetread_contract.declaration import Declaration
    from wetread_contract.headers import Headers
    from wetread_contract.requirements import Fulfilment
    from wetread_contract.rules import Rules


def judge(declaration: Declaration, instances: Sequence[Headers] | Study) -> tuple[Judgement, ...]:
    """Return the answer about a study without our own objects.

    With `level: study` it is exactly one. With `level: series` it is one for each series that is
    not MISSED, in the order of their UIDs, or, where all are, one MISSED about the whole study.
    """
    study = instances if isinstance(instances, Study) else Study(instances)
    return judge_rules(declaration.rules, study, per_series=declaration.level == "series")


def judge_rules(rules: Rules, study: Study, *, per_series: bool) -> tuple[Judgement, ...]:
    """Return the answer of rules, which may be a declaration's as narrowed by a site."""
    if not per_series:
        return (_Case(rules, study, study.universe).judgement(),)
    judged = [_Case(rules, study, scope, uid).judgement() for uid, scope in study.series.items()]
    found = tuple(one for one in judged if one.outcome is not Outcome.MISSED)
    return found or (_Case(rules, study, study.universe).judgement(),)


class _Case:
    """One judgement in the making: rules, and the part of a study that they are asked about."""

    def __init__(self, rules: Rules, study: Study, scope: int, series_instance_uid: str = "") -> None:
        self.rules, self.study, self.scope, self.uid = rules, study, scope, series_instance_uid
        wanted = all_of((answered(one, study) for one in rules.select), study.universe)
        excluded = any_of((answered(one, study) for one in rules.exclude), study.universe)
        self.selected = wanted.true & ~excluded.true & scope

    def judgement(self) -> Judgement:
        """Return the answer with its reasons and its explanation."""
        fulfilment = fulfil(self.rules.require, self.study, tuple(indices(self.selected)))
        outcome, reasons = self._outcome(fulfilment)
        return Judgement(
            outcome,
            selected=tuple(
                SelectedInstance(self.study.instances[index].reference, self._facts(index))
                for index in fulfilment.chosen
            ),
            left_out=tuple(self._left_out(fulfilment)),
            reasons=reasons,
            tree=self._tree(fulfilment),
            series_instance_uid=self.uid,
        )

    def _outcome(self, fulfilment: Fulfilment) -> tuple[Outcome, tuple[str, ...]]:
        if not self.selected:
            outcome = Outcome.UNSUITABLE if self._came_close() else Outcome.MISSED
            return outcome, tuple(self._why_nothing())
        if fulfilment.met:
            return Outcome.MATCHED, ()
        return Outcome.INCOMPLETE, (*fulfilment.reasons, *dict.fromkeys(self._hints(fulfilment)))

    def _came_close(self) -> int:
        """Return the instances of the right modality or SOP class that only derived attributes or exclusions stop."""
        close = self.scope
        indexed = 0
        leaves = [one for one in self.rules.select if isinstance(one, AttributeCondition)]
        for leaf in leaves:
            if leaf.subject.name in INDEX:
                indexed |= answered(leaf, self.study).true
            elif not isinstance(leaf.subject, DerivedAttribute):
                close &= ~answered(leaf, self.study).false
        pinned = any(leaf.subject.name in INDEX for leaf in leaves)
        return close & indexed if pinned else close

    def _why_nothing(self) -> Iterator[str]:
        """Return each different reason with how many instances it stopped, the most frequent first."""
        counts: dict[str, int] = {}
        for index in indices(self.scope):
            reason = self._reason(index)
            counts[reason] = counts.get(reason, 0) + 1
        for reason, count in sorted(counts.items(), key=lambda one: -one[1]):
            yield f"{reason} ({count} of {self.scope.bit_count()} instances)"
        if not self.scope:
            yield "no instance takes part"

    def _hints(self, fulfilment: Fulfilment) -> Iterator[str]:
        """Return where what is missing may be: among what was left out, or in another study."""
        for each_of in all_each_of(self.rules.require):
            missing = each_of.missing(self.study, fulfilment.chosen)
            for index in indices(self.scope & ~bits(fulfilment.chosen)):
                combination = each_of.combination_of(self.study, index)
                if combination in missing:
                    yield f"{' '.join(str(value) for value in combination)} was left out: {self._reason(index)}"
        if any(_names_other_accession(self.study.instances[index]) for index in fulfilment.chosen):
            yield "the request also names another accession number: the rest may be in another study"

    def _left_out(self, fulfilment: Fulfilment) -> Iterator[LeftOutInstance]:
        for index in indices(self.scope & ~bits(fulfilment.chosen)):
            reason = fulfilment.left_out.get(index) or self._reason(index)
            yield LeftOutInstance(self.study.instances[index].reference, reason, self._facts(index))
        for index, why in self.study.barred.items():
            headers = self.study.instances[index]
            if not self.uid or headers.series_instance_uid == self.uid:
                yield LeftOutInstance(headers.reference, why)

    def _reason(self, index: int) -> str:
        """Return in a few words what stopped an instance: the most telling of the conditions it fails."""
        failing = [one for one in self.rules.select if answered(one, self.study).of(index) is not Truth.TRUE]
        if failing:
            worst = min(failing, key=lambda one: self._telling(one, index))
            return self._said(worst, index, " not ")
        for one in self.rules.exclude:
            if answered(one, self.study).of(index) is Truth.TRUE:
                return self._said(one, index, "")
        return "not chosen"

    def _telling(self, condition: Condition, index: int) -> tuple[bool, int]:
        """Order: what is false before what is unknown; modality, derived attributes, others, SOP class."""
        is_unknown = answered(condition, self.study).of(index) is Truth.UNKNOWN
        if not isinstance(condition, AttributeCondition):
            return (is_unknown, 2)
        if condition.subject.name in INDEX:
            return (is_unknown, 3 * INDEX.index(condition.subject.name))
        return (is_unknown, 1 if isinstance(condition.subject, DerivedAttribute) else 2)

    def _said(self, condition: Condition, index: int, separator: str) -> str:
        if not isinstance(condition, AttributeCondition):
            return f"{'not ' if separator else ''}{condition.text}"
        held = self.study.held(condition.subject, index)
        said = condition.said(held)
        if not held.present:
            said = f"unknown: {said}" if held.note else said
        wanted = (
            f",{separator}{', '.join(sorted(map(str, condition.pinned)))}" if separator and condition.pinned else ""
        )
        return f"{condition.subject.name} is {said}{wanted if held.present else ''}"

    def _facts(self, index: int) -> Mapping[str, str]:
        """Return the derived attributes that place an instance among the others."""
        names = [subject.name for one in all_each_of(self.rules.require) for subject, _ in one.wanted]
        if self.study.instances[index].modality == "MG":
            names += ["mg.laterality", "mg.view"]
        held = {name: self.study.held(DERIVED[name], index) for name in dict.fromkeys(names) if name in DERIVED}
        return {name: str(one) for name, one in held.items() if one.values}

    def _tree(self, fulfilment: Fulfilment) -> tuple[Clause, ...]:
        return (
            *(one.clause(self.study, self.scope) for one in self.rules.select),
            *(_excluding(one.clause(self.study, self.scope)) for one in self.rules.exclude),
            *fulfilment.clauses,
        )


def _excluding(clause: Clause) -> Clause:
    """Return a clause of `exclude`, so called; what it is true for is left out."""
    return Clause(f"exclude {clause.text}", clause.true, clause.false, clause.unknown, None, clause.children)


def _names_other_accession(headers: Headers) -> bool:
    """Say whether the request was billed under several accession numbers (PS3.3 C.7.3.1, Request Attributes)."""
    named = {item.text("AccessionNumber") for item in headers.items("RequestAttributesSequence")} - {""}
    return bool(named - {headers.text("AccessionNumber")})

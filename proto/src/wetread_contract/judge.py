"""What the rules of one declaration say about one study: the function everything else leads to."""

from __future__ import annotations

from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from wetread_contract.conditions import AttributeCondition, answered, explained
from wetread_contract.derived.registry import DERIVED, DerivedAttribute
from wetread_contract.judgement import Clause, Judgement, Outcome
from wetread_contract.reasons import stopped, summary
from wetread_contract.requirements import all_each_of, fulfil
from wetread_contract.rules import INDEX
from wetread_contract.study import Study
from wetread_contract.truth import all_of, any_of, indices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wetread_contract.declaration import Declaration
    from wetread_contract.headers import Headers
    from wetread_contract.judgement import LeftOutInstance, SelectedInstance
    from wetread_contract.reasons import Stopped
    from wetread_contract.requirements import Fulfilment
    from wetread_contract.rules import Rules


def judge(declaration: Declaration, instances: Sequence[Headers] | Study) -> tuple[Judgement, ...]:
    """Return the answer about a study without our own objects.

    With `level: study` it is exactly one. With `level: series` it is one for each series that is
    not MISSED, in the order of their UIDs, or, where all are, one MISSED about the whole study.
    Every instance is in `selected` or in `left_out`, except where the outcome is MISSED: then
    nothing came close, and the reasons and the tree count them.
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
        self.each_of = tuple(all_each_of(rules.require))

    def judgement(self) -> Judgement:
        """Return the answer with its reasons and its explanation."""
        fulfilment = fulfil(self.rules.require, self.study, self.selected)
        outcome, reasons = self._outcome(fulfilment)
        return Judgement(
            outcome,
            selected=self._given(fulfilment),
            left_out=() if outcome is Outcome.MISSED else tuple(chain.from_iterable(self._left_out(fulfilment))),
            reasons=reasons,
            tree=self._tree(fulfilment),
            series_instance_uid=self.uid,
        )

    def _outcome(self, fulfilment: Fulfilment) -> tuple[Outcome, tuple[str, ...]]:
        if not self.selected:
            outcome = Outcome.UNSUITABLE if self._came_close() else Outcome.MISSED
            return outcome, tuple(summary(self._stopped, self.scope))
        if fulfilment.met:
            return Outcome.MATCHED, ()
        return Outcome.INCOMPLETE, (*fulfilment.reasons, *dict.fromkeys(self._hints(fulfilment)))

    @cached_property
    def _stopped(self) -> tuple[Stopped, ...]:
        return stopped(self.rules, self.study, self.scope & ~self.selected)

    def _came_close(self) -> bool:
        """Say whether only derived attributes or exclusions stop an instance of the right modality or SOP class."""
        close = self.scope
        leaves = [one for one in self.rules.select if isinstance(one, AttributeCondition)]
        for leaf in leaves:
            if leaf.subject.name not in INDEX and not isinstance(leaf.subject, DerivedAttribute):
                close &= ~answered(leaf, self.study).false
        pins = [answered(leaf, self.study) for leaf in leaves if leaf.subject.name in INDEX]
        return bool(close & any_of(pins, self.study.universe).true if pins else close)

    def _hints(self, fulfilment: Fulfilment) -> Iterator[str]:
        """Return where what is missing may be: among what was left out, or in another study."""
        for each_of in self.each_of:
            missing = each_of.missing(self.study, fulfilment.chosen)
            for one in self._stopped:
                here = {each_of.combination_of(self.study, index) for index in indices(one.bits)}
                for combination in each_of.combinations():
                    if combination in missing & here:
                        yield f"{' '.join(str(value) for value in combination)} was left out: {one.reason}"
        if any(_names_other_accession(self.study.instances[index]) for index in indices(fulfilment.chosen)):
            yield "the request also names another accession number: the rest may be in another study"

    def _given(self, fulfilment: Fulfilment) -> tuple[SelectedInstance, ...]:
        if fulfilment.order:
            return tuple(map(self.study.placed(self._placing).__getitem__, fulfilment.order))
        return self.study.given(self._placing, fulfilment.chosen)

    def _left_out(self, fulfilment: Fulfilment) -> Iterator[tuple[LeftOutInstance, ...]]:
        """Return instances by reason, the most telling first, then those that were not chosen or never take part."""
        for one in self._stopped:
            yield self.study.left_out(self._placing, one.bits, one.reason)
        for index, reason in (*fulfilment.left_out.items(), *self.study.barred.items()):
            if not self.uid or self.study.references[index].series_instance_uid == self.uid:
                yield self.study.left_out(self._placing, 1 << index, reason)

    @cached_property
    def _placing(self) -> tuple[str, ...]:
        """The derived attributes that the rules combine."""
        return tuple(sorted({subject.name for one in self.each_of for subject, _ in one.wanted} & DERIVED.keys()))

    def _tree(self, fulfilment: Fulfilment) -> tuple[Clause, ...]:
        return (
            *(explained(one, self.study, self.scope) for one in self.rules.select),
            *(_excluding(explained(one, self.study, self.scope)) for one in self.rules.exclude),
            *fulfilment.clauses,
        )


def _excluding(clause: Clause) -> Clause:
    """Return a clause of `exclude`, so called; what it is true for is left out."""
    return Clause(f"exclude {clause.text}", clause.true, clause.false, clause.unknown, None, clause.children)


def _names_other_accession(headers: Headers) -> bool:
    """Say whether the request was billed under several accession numbers (PS3.3 C.7.3.1, Request Attributes)."""
    named = {item.text("AccessionNumber") for item in headers.items("RequestAttributesSequence")} - {""}
    return bool(named - {headers.text("AccessionNumber")})

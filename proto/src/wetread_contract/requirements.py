"""What a selection must amount to: combinations, counts, quantifiers, alternatives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from enum import StrEnum
from functools import reduce
from itertools import product
from operator import or_
from typing import TYPE_CHECKING, Protocol

from wetread_contract.conditions import explained
from wetread_contract.held import written
from wetread_contract.judgement import Clause, Truth
from wetread_contract.truth import indices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from wetread_contract.conditions import Quantifier
    from wetread_contract.derived.registry import DerivedAttribute
    from wetread_contract.dictionary import Attribute
    from wetread_contract.headers import Headers
    from wetread_contract.study import Study
    from wetread_contract.values import Value


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """What one or more requirements say about a selection."""

    met: bool
    chosen: int
    """Instances that the model gets, as bits."""
    order: tuple[int, ...] = ()
    """In which order it gets them, where a requirement says so; else in that of the study."""
    left_out: Mapping[int, str] = field(default_factory=dict)
    """Selected instances that the requirement does not want, and why."""
    reasons: tuple[str, ...] = ()
    """Why it is not met."""
    clauses: tuple[Clause, ...] = ()


class Requirement(Protocol):
    """Something that a selection must amount to."""

    @property
    def text(self) -> str:
        """In words."""

    def fulfil(self, study: Study, selected: int) -> Fulfilment:
        """Say whether a selection fulfils it, and which part of the selection that takes."""


class Choice(StrEnum):
    """Which of several instances of one combination the model gets."""

    LATEST_ACQUISITION = "latest_acquisition"
    EARLIEST_ACQUISITION = "earliest_acquisition"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class EachOf:
    """Every combination of some attributes' values must be there."""

    wanted: tuple[tuple[Attribute | DerivedAttribute, tuple[Value, ...]], ...]
    choose: Choice
    text: str

    def fulfil(self, study: Study, selected: int) -> Fulfilment:
        """Choose among the instances of each combination; the rest is left out."""
        found: dict[tuple[Value, ...], list[int]] = {combination: [] for combination in self.combinations()}
        left_out: dict[int, str] = {}
        for index in indices(selected):
            place = found.get(self.combination_of(study, index))
            if place is None:
                left_out[index] = f"not one of the combinations asked for: {self.text}"
            else:
                place.append(index)
        chosen: list[int] = []
        for group in found.values():
            kept = self._choose(study, group)
            chosen.extend(kept)
            left_out.update({index: _REPEAT[self.choose] for index in group if index not in kept})
        missing = [combination for combination, group in found.items() if not group]
        reasons = (f"missing: {', '.join(_words(combination) for combination in missing)}",) if missing else ()
        clause = Clause(
            self.text, len(found) - len(missing), len(missing), 0, "; ".join(reasons) or None, of="combinations"
        )
        order = tuple(chosen)
        return Fulfilment(not missing, _bits(order), order, left_out, reasons, (clause,))

    def combinations(self) -> Iterator[tuple[Value, ...]]:
        """Return what must be there, in the declaration's order."""
        return product(*(values for _, values in self.wanted))

    def combination_of(self, study: Study, index: int) -> tuple[Value, ...]:
        """Return an instance's combination; shorter where an attribute is unknown."""
        held = [study.held(subject, index).values for subject, _ in self.wanted]
        return tuple(values[0] for values in held if len(values) == 1 and values[0] is not None)

    def missing(self, study: Study, chosen: int) -> set[tuple[Value, ...]]:
        """Return the combinations that none of some instances has."""
        return set(self.combinations()) - {self.combination_of(study, index) for index in indices(chosen)}

    def _choose(self, study: Study, group: list[int]) -> list[int]:
        if self.choose is Choice.ALL or len(group) < 2:  # noqa: PLR2004 - one needs no choice
            return sorted(group, key=lambda index: acquired(study.instances[index]))
        ordered = sorted(group, key=lambda index: acquired(study.instances[index]))
        return [ordered[-1 if self.choose is Choice.LATEST_ACQUISITION else 0]]


_REPEAT = {Choice.LATEST_ACQUISITION: "older repeat", Choice.EARLIEST_ACQUISITION: "newer repeat", Choice.ALL: ""}


def _words(combination: tuple[Value, ...]) -> str:
    return " ".join(written(value) for value in combination)


def acquired(headers: Headers) -> tuple[datetime, datetime, float, str]:
    """Return what orders repeats: acquisition, else content, then instance number; never arrival.

    Unknown moments sort before known ones, so that an image that does not say when it was taken is
    never the latest.
    """
    number = headers.value("InstanceNumber")
    return (
        _moment(headers, "Acquisition"),
        _moment(headers, "Content"),
        number if isinstance(number, float) else 0.0,
        headers.sop_instance_uid,
    )


def _moment(headers: Headers, prefix: str) -> datetime:
    day, clock = headers.value(f"{prefix}Date"), headers.value(f"{prefix}Time")
    if isinstance(day, date) and not isinstance(day, datetime):
        return datetime.combine(day, clock if isinstance(clock, time) else time())
    both = headers.value("AcquisitionDateTime") if prefix == "Acquisition" else None
    return both.replace(tzinfo=None) if isinstance(both, datetime) else datetime.min  # noqa: DTZ901 - local to the study


@dataclass(frozen=True, slots=True)
class Quantified:
    """`any`, `all`, `none`, `count` or `consistent` over the selection."""

    quantifier: Quantifier
    text: str

    def fulfil(self, study: Study, selected: int) -> Fulfilment:
        """Say whether it is true of the selection; unknown is not."""
        answer = self.quantifier.over(study, selected)
        met = answer is Truth.TRUE
        reasons = () if met else (f"{self.text}: {answer} of {selected.bit_count()} selected instances",)
        return Fulfilment(met, selected, (), {}, reasons, (explained(self.quantifier, study, selected),))


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of several lists of requirements; the first that is met decides what is sent."""

    alternatives: tuple[tuple[Requirement, ...], ...]
    text: str

    def fulfil(self, study: Study, selected: int) -> Fulfilment:
        """Return the first alternative that is met, else what is missing from each."""
        tried = [fulfil(alternative, study, selected) for alternative in self.alternatives]
        met = next((one for one in tried if one.met), None)
        clauses = tuple(clause for one in tried for clause in one.clauses)
        clause = Clause(
            self.text,
            sum(one.met for one in tried),
            sum(not one.met for one in tried),
            0,
            None,
            clauses,
            "alternatives",
        )
        if met:
            return replace(met, clauses=(clause,))
        reasons = " or ".join("; ".join(one.reasons) for one in tried)
        return Fulfilment(met=False, chosen=selected, reasons=(reasons,), clauses=(clause,))


def fulfil(requirements: Sequence[Requirement], study: Study, selected: int) -> Fulfilment:
    """Ask several requirements: those that choose first, the others of what was chosen."""
    choosing = [one.fulfil(study, selected) for one in requirements if isinstance(one, EachOf | Either)]
    chosen = reduce(or_, (part.chosen for part in choosing)) if choosing else selected
    asking = [one.fulfil(study, chosen) for one in requirements if not isinstance(one, EachOf | Either)]
    parts = [*choosing, *asking]
    left_out = {index: why for part in parts for index, why in part.left_out.items()}
    return Fulfilment(
        all(part.met for part in parts),
        chosen,
        tuple(dict.fromkeys(index for part in choosing for index in (part.order or indices(part.chosen)))),
        {index: why for index, why in left_out.items() if not chosen >> index & 1},
        tuple(reason for part in parts for reason in part.reasons),
        tuple(clause for part in parts for clause in part.clauses),
    )


def all_each_of(requirements: Sequence[Requirement]) -> Iterator[EachOf]:
    """Return every `each_of`, also those inside alternatives."""
    for one in requirements:
        if isinstance(one, EachOf):
            yield one
        elif isinstance(one, Either):
            for alternative in one.alternatives:
                yield from all_each_of(alternative)


def _bits(order: tuple[int, ...]) -> int:
    return sum(1 << index for index in order)

"""All instances of one study, as columns: what each attribute is, for which instances."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from wetread_contract import rejection
from wetread_contract.derived.registry import DERIVED, DerivedAttribute
from wetread_contract.dictionary import attribute
from wetread_contract.headers import positioned, read
from wetread_contract.judgement import LeftOutInstance, SelectedInstance
from wetread_contract.truth import indices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from wetread_contract.dictionary import Attribute
    from wetread_contract.elements import Written
    from wetread_contract.headers import Headers
    from wetread_contract.held import Held
    from wetread_contract.judgement import Clause, InstanceReference
    from wetread_contract.truth import Truths

Column = tuple[tuple["Held", int], ...]
"""Each distinct thing that instances hold, with the instances that hold it, as bits."""


class Study:
    """The instances of one study with their columns, read once for all declarations.

    Bit `i` of every number here stands for instance `i`. Instances that a rejection note names and
    priors that were merged in are not part of `universe`: no rule sees them. The order is that of
    series and instance numbers, so that the order of arrival changes nothing.
    """

    def __init__(self, instances: Iterable[Headers]) -> None:
        self.instances: Sequence[Headers] = sorted(instances, key=_order)
        self._columns: dict[str, Column] = {}
        self._by_index: dict[str, dict[int, Held]] = {}
        self.truths: dict[str, Truths] = {}
        """By a condition's text: equal conditions of several declarations are evaluated once."""
        self.clauses: dict[tuple[str, int], Clause] = {}
        """By a condition's text and the instances that it is explained over."""
        self._placed: dict[tuple[str, ...], tuple[SelectedInstance, ...]] = {}
        self._given: dict[tuple[tuple[str, ...], int], tuple[SelectedInstance, ...]] = {}
        self._left_out: dict[tuple[tuple[str, ...], int, str], tuple[LeftOutInstance, ...]] = {}

    @cached_property
    def barred(self) -> Mapping[int, str]:
        """Which instances never take part, and why."""
        prior = dict.fromkeys(self._priors(), "prior: acquired before the day of the study")
        return prior | dict.fromkeys(self._rejected(), "rejected")

    def _rejected(self) -> Iterable[int]:
        """Instances that a rejection note names or the console has marked."""
        marked = self._whole_column(attribute("ImageType"))
        yield from _where(marked, lambda held: rejection.MARKED_REJECTED in held.values)
        classes = self._whole_column(attribute("SOPClassUID"))
        notes = _where(classes, lambda held: held.values == (rejection.KEY_OBJECT_SELECTION,))
        named = rejection.rejected_instances(self.instances[index] for index in notes)
        if named:
            yield from (index for index, one in enumerate(self.references) if one.sop_instance_uid in named)

    def _priors(self) -> Iterable[int]:
        """Images that were acquired before the day of their study.

        Imported or merged priors keep their Acquisition Date while Study Date is that of the study
        they were put into (PS3.3 C.7.2.1, C.7.10.1).
        """
        acquired: dict[int, date] = {}
        for keyword in ("AcquisitionDateTime", "AcquisitionDate"):
            for held, bits in self._whole_column(attribute(keyword)):
                day = rejection.acquired_on(held)
                if day:
                    acquired.update(dict.fromkeys(indices(bits), day))
        for held, bits in self._whole_column(attribute("StudyDate")):
            studied = rejection.acquired_on(held)
            if studied:
                yield from (index for index in indices(bits) if acquired.get(index, studied) < studied)

    @cached_property
    def universe(self) -> int:
        """The instances that take part."""
        return (1 << len(self.instances)) - 1 & ~sum(1 << index for index in self.barred)

    @cached_property
    def series(self) -> Mapping[str, int]:
        """The instances that take part, by series instance UID."""
        column = self.column(attribute("SeriesInstanceUID"))
        found = {str(held.values[0]) if held.values else "": bits for held, bits in column}
        return dict(sorted(found.items()))

    @cached_property
    def references(self) -> tuple[InstanceReference, ...]:
        """Which objects the instances are."""
        return tuple(headers.reference for headers in self.instances)

    @cached_property
    def mammograms(self) -> int:
        """The instances that take part and have Modality MG."""
        return sum(bits for held, bits in self.column(attribute("Modality")) if held.values == ("MG",))

    def placed(self, names: tuple[str, ...]) -> tuple[SelectedInstance, ...]:
        """Return every instance with those of its derived attributes that place it among the others.

        They are the named ones and, of mammograms, laterality and view; unknown ones are left out,
        and so are all of an instance that does not take part.
        """
        if names not in self._placed:
            self._placed[names] = tuple(
                SelectedInstance(reference, self._facts(names, index))
                for index, reference in enumerate(self.references)
            )
        return self._placed[names]

    def given(self, names: tuple[str, ...], bits: int) -> tuple[SelectedInstance, ...]:
        """Return some instances in the study's order; made once however many declarations select them."""
        if (names, bits) not in self._given:
            placed = self.placed(names)
            self._given[names, bits] = tuple(placed[index] for index in indices(bits))
        return self._given[names, bits]

    def left_out(self, names: tuple[str, ...], bits: int, reason: str) -> tuple[LeftOutInstance, ...]:
        """Return some instances as left out for a reason; made once however many declarations leave them out."""
        key = (names, bits, reason)
        if key not in self._left_out:
            placed = self.placed(names)
            here = (placed[index] for index in indices(bits))
            self._left_out[key] = tuple(LeftOutInstance(one.reference, reason, one.facts) for one in here)
        return self._left_out[key]

    def _facts(self, names: tuple[str, ...], index: int) -> Mapping[str, str]:
        if not self.universe >> index & 1:
            return {}
        wanted = (*_OF_MAMMOGRAMS, *names) if self.mammograms >> index & 1 else names
        held = {name: self.held(DERIVED[name], index) for name in dict.fromkeys(wanted)}
        return {name: str(one) for name, one in held.items() if one.values}

    def column(self, subject: Attribute | DerivedAttribute) -> Column:
        """Return what the instances that take part hold for an attribute."""
        if subject.name not in self._columns:
            if isinstance(subject, DerivedAttribute):
                column = self._derived_column(subject)
            else:
                found = ((held, bits & self.universe) for held, bits in self._whole_column(subject))
                column = tuple((held, bits) for held, bits in found if bits)
            self._columns[subject.name] = column
        return self._columns[subject.name]

    def held(self, subject: Attribute | DerivedAttribute, index: int) -> Held:
        """Return what one instance that takes part holds."""
        if subject.name not in self._by_index:
            column = self.column(subject)
            self._by_index[subject.name] = {index: held for held, bits in column for index in indices(bits)}
        return self._by_index[subject.name][index]

    def _derived_column(self, subject: DerivedAttribute) -> Column:
        taking_part = list(indices(self.universe))
        found = subject.derive([self.instances[index] for index in taking_part])
        column: dict[Held, int] = defaultdict(int)
        for index, held in zip(taking_part, found, strict=True):
            column[held] |= 1 << index
        return tuple(column.items())

    def _whole_column(self, subject: Attribute) -> Column:
        """Return what all instances hold, each different text parsed once."""
        column: dict[Held, int] = defaultdict(int)
        if len(subject.path) > 1:
            for index, headers in enumerate(self.instances):
                column[headers.held(subject)] |= 1 << index
            return tuple(column.items())
        (leaf,) = subject.path
        by_text: dict[Written | None, int] = defaultdict(int)
        for index, headers in enumerate(self.instances):
            by_text[headers.written(leaf)] |= 1 << index
        for written, bits in by_text.items():
            column[positioned(read(leaf.vr, written), subject.position)] |= bits
        return tuple(column.items())


_OF_MAMMOGRAMS = ("mg.laterality", "mg.view")


def _where(column: Column, holds: Callable[[Held], bool]) -> Iterable[int]:
    """Return the instances that hold something of which it is true."""
    return (index for held, bits in column if holds(held) for index in indices(bits))


def _order(headers: Headers) -> tuple[float, str, float, str]:
    numbers = [headers.value(keyword) for keyword in ("SeriesNumber", "InstanceNumber")]
    series, instance = (number if isinstance(number, float) else 0.0 for number in numbers)
    return (series, headers.series_instance_uid, instance, headers.sop_instance_uid)

"""All instances of one study, as columns: what each attribute is, for which instances."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from wetread_contract.derived.registry import DerivedAttribute
from wetread_contract.dictionary import attribute
from wetread_contract.rejection import is_marked_rejected, is_prior, rejected_instances
from wetread_contract.truth import indices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wetread_contract.dictionary import Attribute
    from wetread_contract.headers import Headers
    from wetread_contract.held import Held
    from wetread_contract.judgement import InstanceReference
    from wetread_contract.truth import Truths


class Study:
    """The instances of one study with their columns, read once for all declarations.

    Bit `i` of every number here stands for instance `i`. Instances that a rejection note names and
    priors that were merged in are not part of `universe`: no rule sees them. The order is that of
    series and instance numbers, so that the order of arrival changes nothing.
    """

    def __init__(self, instances: Sequence[Headers]) -> None:
        self.instances = tuple(sorted(instances, key=_order))
        self._columns: dict[str, tuple[tuple[Held, int], ...]] = {}
        self.truths: dict[str, Truths] = {}
        """By a condition's text: equal conditions of several declarations are evaluated once."""

    @cached_property
    def barred(self) -> Mapping[int, str]:
        """Which instances never take part, and why."""
        named = rejected_instances(self.instances)
        barred = {}
        for index, headers in enumerate(self.instances):
            if headers.sop_instance_uid in named or is_marked_rejected(headers):
                barred[index] = "rejected"
            elif is_prior(headers):
                barred[index] = "prior: acquired before the day of the study"
        return barred

    @cached_property
    def universe(self) -> int:
        """The instances that take part."""
        return (1 << len(self.instances)) - 1 & ~sum(1 << index for index in self.barred)

    @cached_property
    def series(self) -> Mapping[str, int]:
        """The instances that take part, by series instance UID."""
        found: dict[str, int] = defaultdict(int)
        for index in indices(self.universe):
            found[self.instances[index].series_instance_uid] |= 1 << index
        return dict(sorted(found.items()))

    @cached_property
    def references(self) -> tuple[InstanceReference, ...]:
        """Which objects the instances are."""
        return tuple(headers.reference for headers in self.instances)

    @cached_property
    def mammograms(self) -> int:
        """The instances that take part and have Modality MG."""
        return sum(bits for held, bits in self.column(attribute("Modality")) if held.values == ("MG",))

    def column(self, subject: Attribute | DerivedAttribute) -> tuple[tuple[Held, int], ...]:
        """Return each distinct thing that instances hold for an attribute, with the instances that hold it."""
        if subject.name not in self._columns:
            self._columns[subject.name] = self._read(subject)
        return self._columns[subject.name]

    def held(self, subject: Attribute | DerivedAttribute, index: int) -> Held:
        """Return what one instance that takes part holds."""
        return next(held for held, bits in self.column(subject) if bits >> index & 1)

    def _read(self, subject: Attribute | DerivedAttribute) -> tuple[tuple[Held, int], ...]:
        taking_part = list(indices(self.universe))
        instances = [self.instances[index] for index in taking_part]
        if isinstance(subject, DerivedAttribute):
            found = subject.derive(instances)
        else:
            found = [headers.held(subject) for headers in instances]
        column: dict[Held, int] = defaultdict(int)
        for index, held in zip(taking_part, found, strict=True):
            column[held] |= 1 << index
        return tuple(column.items())


def _order(headers: Headers) -> tuple[float, str, float, str]:
    numbers = [headers.value(keyword) for keyword in ("SeriesNumber", "InstanceNumber")]
    series, instance = (number if isinstance(number, float) else 0.0 for number in numbers)
    return (series, headers.series_instance_uid, instance, headers.sop_instance_uid)

"""A declaration's rules as one value: what is selected, what is excluded, what must come of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from wetread_contract.conditions import AttributeCondition, Block, Combination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wetread_contract.conditions import Condition
    from wetread_contract.requirements import Requirement

INDEX = ("Modality", "SOPClassUID")
"""Attributes by which a study is compared with many declarations at once."""


@dataclass(frozen=True)
class Rules:
    """All of a declaration that decides about instances."""

    select: tuple[Condition, ...] = ()
    exclude: tuple[Condition, ...] = ()
    require: tuple[Requirement, ...] = ()

    def narrowed(self, select: tuple[Condition, ...], exclude: tuple[Condition, ...]) -> Rules:
        """Return these rules with more conditions: never wider."""
        if not select and not exclude:
            return self
        return Rules(self.select + select, self.exclude + exclude, self.require)

    @cached_property
    def pins(self) -> dict[str, frozenset[str]]:
        """The values of Modality and SOP Class UID that an instance must have, where the rules say so."""
        pins: dict[str, frozenset[str]] = {}
        for leaf in _necessary(self.select):
            if leaf.subject.name in INDEX and leaf.pinned and not leaf.excepts_absent:
                values = frozenset(str(value) for value in leaf.pinned)
                pins[leaf.subject.name] = pins.get(leaf.subject.name, values) & values
        return pins


def _necessary(conditions: tuple[Condition, ...]) -> Iterator[AttributeCondition]:
    """Return the leaves that must all be true, through `all` blocks."""
    for condition in conditions:
        if isinstance(condition, AttributeCondition):
            yield condition
        elif isinstance(condition, Block) and condition.combination is Combination.ALL:
            yield from _necessary(condition.parts)


def too_broad(rules: Rules) -> str | None:
    """Return why the rules select nearly everything, None where they do not."""
    if not rules.pins:
        return "the rules pin neither Modality nor SOPClassUID with a plain value or `one_of`"
    if not any(leaf.positive and leaf.subject.name not in INDEX for leaf in asked_for(rules.select)):
        return "the rules ask for nothing beyond Modality and SOPClassUID"
    return None


def asked_for(conditions: tuple[Condition, ...]) -> Iterator[AttributeCondition]:
    """Return the leaves that are necessary, and those of `any` blocks in which every branch asks for something."""
    yield from _necessary(conditions)
    for condition in conditions:
        if isinstance(condition, Block) and condition.combination is Combination.ANY:
            branches = [list(asked_for((part,))) for part in condition.parts]
            if all(any(leaf.positive for leaf in branch) for branch in branches):
                yield from branches[0]

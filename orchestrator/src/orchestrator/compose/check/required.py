"""Whether everything is there that the IOD demands: types 1 and 2 of its mandatory modules (PS3.5 7.4)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from orchestrator.compose.check.frames import FUNCTIONAL_GROUPS
from orchestrator.compose.check.nesting import nested_faults
from orchestrator.compose.module_tables import AttributeRule, mandatory_modules, module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compose.check.reading import Item

_JUDGED_ELSEWHERE: Final = frozenset({"sr-document-content"})
"""Its table lists the needs of every value type side by side; `tree` tells them apart."""


def required_faults(dataset: Item) -> Iterator[str]:
    """What is missing, or empty where it must not be."""
    for key in mandatory_modules(dataset.text("SOPClassUID")):
        if key not in _JUDGED_ELSEWHERE:
            yield from nested_faults(_rules(key), dataset, "")


@cache
def _rules(key: str) -> tuple[AttributeRule, ...]:
    """A module's table; what is in functional groups is for `frames`."""
    rules = module(key)
    return tuple(replace(rule, nested=()) for rule in rules) if key == FUNCTIONAL_GROUPS else rules

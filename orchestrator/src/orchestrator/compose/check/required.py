"""Whether everything is there that the IOD demands: types 1 and 2 of its mandatory modules (PS3.5 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.compose.module_tables import AttributeRule, mandatory_modules, module

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orchestrator.compose.check.reading import Item

_JUDGED_ELSEWHERE: Final = frozenset({"sr-document-content"})
"""Its table lists the needs of every value type side by side; `tree` tells them apart."""


def required_faults(dataset: Item) -> Iterator[str]:
    """What is missing, or empty where it must not be."""
    for key in mandatory_modules(dataset.text("SOPClassUID")):
        if key not in _JUDGED_ELSEWHERE:
            yield from _faults(module(key), dataset, "")


def _faults(rules: Iterable[AttributeRule], dataset: Item, place: str) -> Iterator[str]:
    for rule in rules:
        name = f"{place}{rule.keyword}"
        if rule.keyword not in dataset:
            if rule.type in {"1", "2"}:
                yield f"{name} is missing"
        elif rule.type == "1" and not dataset.has_value(rule.keyword):
            yield f"{name} is empty"
        elif rule.nested:
            for item in dataset.items(rule.keyword):
                yield from _faults(rule.nested, item, f"{name}.")

"""Attributes against the lines of a module's table, at any depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orchestrator.compose.check.reading import Item
    from orchestrator.compose.module_tables import AttributeRule


def nested_faults(rules: Iterable[AttributeRule], dataset: Item, place: str) -> Iterator[str]:
    """Types 1 and 2 that are missing, type 1 that is empty (PS3.5 7.4)."""
    for rule in rules:
        name = f"{place}{rule.keyword}"
        if rule.keyword not in dataset:
            if rule.type in {"1", "2"}:
                yield f"{name} is missing"
        elif rule.type == "1" and not dataset.has_value(rule.keyword):
            yield f"{name} is empty"
        elif rule.nested:
            for item in dataset.items(rule.keyword):
                yield from nested_faults(rule.nested, item, f"{name}.")

"""Values from outside that metrics of orchestrator and models count by, kept few."""

from __future__ import annotations

OTHERS = "other"
"""Stands for every value that came after the first ones."""


class Few:
    """The first values of a label; what comes later counts as `other`, so that no series explodes."""

    def __init__(self, most: int, longest: int = 48) -> None:
        self._most = most
        self._longest = longest
        self._known: set[tuple[str, ...]] = set()

    def __call__(self, *values: str) -> tuple[str, ...]:
        """The values, printable and short, or `other` for each of them."""
        kept = tuple("".join(filter(str.isprintable, value))[: self._longest].strip() for value in values)
        if kept not in self._known:
            if len(self._known) >= self._most:
                return (OTHERS,) * len(values)
            self._known.add(kept)
        return kept

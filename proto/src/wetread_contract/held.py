"""What one instance holds for one attribute, plain or derived: the operand of every rule."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wetread_contract.values import Value


@dataclass(frozen=True, slots=True)
class Held:
    """The values found, typed; `None` among them is one that cannot be read."""

    present: bool
    values: tuple[Value | None, ...] = ()
    note: str = ""
    """Why it is unknown, for people; of derived attributes only."""

    @property
    def empty(self) -> bool:
        """There, but without a value (PS3.5 7.4.2: zero length, unknown value)."""
        return self.present and not self.values

    def __str__(self) -> str:
        """Say the values as an explanation shows them."""
        if not self.present:
            return "unknown" if self.note else "absent"
        return ", ".join("unreadable" if value is None else written(value) for value in self.values) or "empty"


ABSENT = Held(present=False)
EMPTY = Held(present=True)


def known(*found: Value) -> Held:
    """Return a derived attribute that is known; no values are the empty set."""
    return Held(present=True, values=found)


def unknown(note: str) -> Held:
    """Return a derived attribute that the header does not tell, and why."""
    return Held(present=False, note=note)


PLAIN = re.compile(r"[\w.+/^-]+( [\w.+/^-]+)*")
"""What needs no quotes to be read as one value."""


def quoted(text: str) -> str:
    """Write a text so that where it ends is clear."""
    return text if PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def listed(found: Sequence[Value]) -> str:
    """Write operands for people: different operands never read the same."""
    return ", ".join(quoted(value) if isinstance(value, str) else written(value) for value in found)


def written(value: Value) -> str:
    """Write a value for people: whole numbers without a fraction."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)

"""Three-valued logic (Kleene's strong one) over all instances of a study at once.

One bit per instance: a condition is evaluated once per distinct value, and combining conditions
over a thousand instances is one operation on two integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from wetread_contract.judgement import Truth

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Truths:
    """For which instances something is true and for which false; for the rest it is unknown."""

    true: int = 0
    false: int = 0

    def __and__(self, other: Truths) -> Truths:
        return Truths(self.true & other.true, self.false | other.false)

    def __or__(self, other: Truths) -> Truths:
        return Truths(self.true | other.true, self.false & other.false)

    def __invert__(self) -> Truths:
        return Truths(self.false, self.true)

    def of(self, index: int) -> Truth:
        """Return the answer for one instance."""
        if self.true >> index & 1:
            return Truth.TRUE
        return Truth.FALSE if self.false >> index & 1 else Truth.UNKNOWN


def everywhere(universe: int, truth: Truth) -> Truths:
    """Return the same answer for all instances."""
    return Truths(universe * (truth is Truth.TRUE), universe * (truth is Truth.FALSE))


def all_of(parts: Iterable[Truths], universe: int) -> Truths:
    """Return the conjunction; of nothing, true."""
    combined = Truths(universe, 0)
    for part in parts:
        combined &= part
    return combined


def any_of(parts: Iterable[Truths], universe: int) -> Truths:
    """Return the disjunction; of nothing, false."""
    combined = Truths(0, universe)
    for part in parts:
        combined |= part
    return combined


@lru_cache(maxsize=512)
def indices(bits: int) -> tuple[int, ...]:
    """Return the positions of the bits that are set, lowest first."""
    return tuple(index for index, bit in enumerate(bin(bits)[:1:-1]) if bit == "1")


def truth(answer: bool) -> Truth:  # noqa: FBT001 - a truth value is the point
    """Return a two-valued answer as a three-valued one."""
    return Truth.TRUE if answer else Truth.FALSE


def negated(answer: Truth) -> Truth:
    """Return the negation; of unknown, unknown."""
    return {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE}.get(answer, answer)


def disjunction(answers: Iterable[Truth]) -> Truth:
    """Return true if one is, else unknown if one is, else false."""
    seen = set(answers)
    if Truth.TRUE in seen:
        return Truth.TRUE
    return Truth.UNKNOWN if Truth.UNKNOWN in seen else Truth.FALSE


def conjunction(answers: Iterable[Truth]) -> Truth:
    """Return false if one is, else unknown if one is, else true."""
    return negated(disjunction(negated(answer) for answer in answers))

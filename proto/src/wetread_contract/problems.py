"""What is wrong with a declaration, collected: an author gets all of it at once."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wetread_contract.yaml_source import Place


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where, and what would be right."""

    file: str
    line: int
    """From 1."""
    column: int
    """From 1."""
    key: str
    """Where in the document: `select.SliceThickness.at_most`."""
    found: str
    """What is there and why it is wrong."""
    advice: str
    """What would be right."""

    def __str__(self) -> str:
        place = (
            f"{self.file}:{self.line}:{self.column}: {self.key}: "
            if self.key
            else f"{self.file}:{self.line}:{self.column}: "
        )
        return place + "; ".join(part for part in (self.found, self.advice) if part)


class DeclarationError(ValueError):
    """A model.yaml that cannot be accepted, with everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n\n".join(str(problem) for problem in self.problems))


@dataclass(slots=True)
class Problems:
    """The collector that readers of a document report to."""

    file: str
    found: list[Problem] = field(default_factory=list)

    def add(self, place: Place, found: str, advice: str = "") -> None:
        """Remember a problem at a place of the document."""
        self.found.append(Problem(self.file, place.line, place.column, place.key, found, advice))

    def unknown_word(self, place: Place, what: str, word: str, known: Iterable[str]) -> None:
        """Remember a word that is not one of those known, with the one that was probably meant."""
        self.add(place, f"`{word}` is not {what}", suggestion(word, known))

    def fatal(self, place: Place, found: str, advice: str = "") -> NoReturn:
        """Raise a problem after which nothing more can be read, with those collected before."""
        self.add(place, found, advice)
        raise self.error()

    def error(self) -> DeclarationError:
        """Return everything that was collected, in the order of the document."""
        return DeclarationError(sorted(self.found, key=lambda one: (one.line, one.column)))


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `did you mean …?`, or the list of what is known."""
    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else f"one of {', '.join(known)}"

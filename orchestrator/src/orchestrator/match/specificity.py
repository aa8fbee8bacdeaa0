"""How broad a rule is: what it pins, how much it asks for, which share of studies it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wetread_contract.judgement import Outcome
from wetread_contract.rules import INDEX, asked_for, too_broad

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wetread_contract.judgement import Judgement
    from wetread_contract.rules import Rules


@dataclass(frozen=True, slots=True)
class Specificity:
    """How narrow rules are by their text."""

    pins: Mapping[str, frozenset[str]]
    """Values of Modality and SOPClassUID that an instance must have."""
    positive: int
    """Conditions beyond the pins that ask for something."""
    exclusions: int
    requirements: int
    too_broad: str | None
    """Why the rules are refused unless the site accepts the model by name."""

    def __str__(self) -> str:
        pinned = " and ".join(f"{name} {', '.join(sorted(values))}" for name, values in sorted(self.pins.items()))
        said = (
            f"pins {pinned or 'nothing'}; {self.positive} more conditions, "
            f"{self.exclusions} exclusions, {self.requirements} requirements"
        )
        return f"{said}; too broad: {self.too_broad}" if self.too_broad else said


def specificity(rules: Rules) -> Specificity:
    """Return how narrow rules are by their text."""
    asking = [leaf for leaf in asked_for(rules.select) if leaf.positive and leaf.subject.name not in INDEX]
    return Specificity(rules.pins, len(asking), len(rules.exclude), len(rules.require), too_broad(rules))


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the studies that were looked at a rule takes."""

    matched: int
    judged: int

    def __str__(self) -> str:
        percent = 100 * self.matched / self.judged if self.judged else 0.0
        return f"{self.matched} of {self.judged} studies ({percent:.1f} %)"


def share(studies: Iterable[Iterable[Judgement]]) -> Share:
    """Return how many studies have at least one MATCHED judgement."""
    matched = judged = 0
    for judgements in studies:
        judged += 1
        matched += any(one.outcome is Outcome.MATCHED for one in judgements)
    return Share(matched, judged)

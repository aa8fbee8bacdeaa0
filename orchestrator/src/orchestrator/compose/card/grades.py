"""A classification as people read it: its letter, its meaning, a bar per category, and what to mind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.compose import codes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wetread_contract.findings import Classification

_BORDERLINE_MARGIN: Final = 0.10
"""Two best scores that differ by less are called borderline: a reader's second look is worth it."""

BORDERLINE: Final = "Borderline"
"""How such a note begins; it is shown in the colour of warnings."""

_SIDES: Final = {"R": "right", "L": "left"}


@dataclass(frozen=True, slots=True)
class ScoreBar:
    """One category."""

    label: str
    meaning: str
    share: float
    """0 to 1."""
    shown: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Grade:
    """One classification."""

    title: str
    """`Study`, `Right`."""
    label: str
    """`C`."""
    meaning: str
    """`Heterogeneously dense`."""
    bars: tuple[ScoreBar, ...]
    shown: str = ""
    """The score of the chosen category."""
    measure: str = ""
    """What the bars show: `Breast composition, probability`."""


def grade(finding: Classification, title: str) -> Grade:
    """The classification for people; scores are called probabilities only if they are calibrated."""
    bars = tuple(
        ScoreBar(
            scored.category.label,
            scored.category.code.meaning,
            scored.score,
            shown_score(scored.score, calibrated=finding.calibrated),
            scored.category == finding.chosen,
        )
        for scored in finding.scores
    )
    return Grade(
        title=title,
        label=finding.chosen.label,
        meaning=_unless_said(finding.chosen.code.meaning, finding.chosen.label),
        bars=bars,
        shown=next((bar.shown for bar in bars if bar.chosen), ""),
        measure=f"{finding.concept.meaning}, {_measure(finding)}" if bars else finding.concept.meaning,
    )


def _unless_said(meaning: str, label: str) -> str:
    return "" if meaning.casefold() == label.casefold() else meaning


def _measure(finding: Classification) -> str:
    return "probability" if finding.calibrated else "model score (not a probability)"


def shown_score(score: float, *, calibrated: bool) -> str:
    """`41 %`, or `0.41`; a share that is not nothing is never shown as nothing, nor as everything."""
    if not calibrated:
        return f"{score:.2f}"
    per_cent = score * 100
    if 0 < per_cent < 1:
        return "< 1 %"
    return "> 99 %" if 99 < per_cent < 100 else f"{per_cent:.0f} %"  # noqa: PLR2004 (per cent)


def hero_notes(main: Classification, sides: Sequence[Classification]) -> tuple[str, ...]:
    """What a reader should know about the study's category."""
    return tuple(filter(None, (_denser_breast(main, sides), _dense(main), _borderline(main))))


def _borderline(main: Classification) -> str:
    ranked = sorted(main.scores, key=lambda scored: scored.score, reverse=True)[:2]
    if len(ranked) < 2 or ranked[0].score - ranked[1].score >= _BORDERLINE_MARGIN:  # noqa: PLR2004 (two to compare)
        return ""
    first, second = sorted(ranked, key=main.scores.index)
    return f"{BORDERLINE} {first.category.label} / {second.category.label}"


def _dense(main: Classification) -> str:
    """The share of the two categories that screening programmes call dense."""
    dense = [scored for scored in main.scores if scored.category.code.value in codes.DENSE_BREAST_VALUES]
    if not _is_density(main) or not dense:
        return ""
    labels = " + ".join(scored.category.label for scored in dense)
    total = shown_score(min(1.0, sum(scored.score for scored in dense)), calibrated=main.calibrated)
    return f"Dense ({labels}) {total}"


def _denser_breast(main: Classification, sides: Sequence[Classification]) -> str:
    """That the study's grade is that of the denser breast, where it is."""
    order = [scored.category for scored in main.scores]
    graded = [side for side in sides if side.chosen in order and side.scope.laterality in _SIDES]
    if not _is_density(main) or len(graded) < len(_SIDES):
        return ""
    densest = max(order.index(side.chosen) for side in graded)
    if main.chosen not in order or order.index(main.chosen) != densest:
        return ""
    which = [_SIDES[side.scope.laterality] for side in graded if order.index(side.chosen) == densest]
    return f"Study = denser breast ({which[0]})" if len(which) == 1 else "Both breasts alike"


def _is_density(main: Classification) -> bool:
    return (main.concept.value, main.concept.scheme) == (
        codes.BREAST_COMPOSITION.value,
        codes.BREAST_COMPOSITION.scheme,
    )

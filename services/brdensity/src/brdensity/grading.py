"""From the scores of views to the grade of each breast and of the study; no network needed.

A breast's scores are the mean of its two views', the study's are those of its denser breast (ACR BI-RADS Atlas, 5th
edition: the denser breast decides). Denser is the one whose expected grade is higher, which ties less often than the
most likely grade; of two with the same, the one that is likelier to be D, then C, then B.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from brdensity.grades import GRADES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

Scores = tuple[float, ...]
"""One per grade, A to D, 0 to 1, adding up to 1."""


@dataclass(frozen=True, slots=True)
class Grading:
    """What the scores of all views amount to."""

    breasts: Mapping[str, Scores]
    """By laterality."""
    denser: str
    """The laterality whose scores are the study's."""

    @property
    def study(self) -> Scores:
        """The scores of the denser breast."""
        return self.breasts[self.denser]


def grade_study(views: Mapping[str, Sequence[Scores]]) -> Grading:
    """The grading of a study from the scores of its views, given by laterality."""
    breasts = {laterality: normalised(np.mean(scores, axis=0)) for laterality, scores in views.items()}
    return Grading(breasts, denser=max(sorted(breasts), key=lambda laterality: _density(breasts[laterality])))


def normalised(scores: NDArray[np.floating]) -> Scores:
    """The scores in float64, adding up to 1, which float32 sums miss by a few 1e-7."""
    exact = np.clip(np.asarray(scores, np.float64), 0.0, 1.0)
    return tuple(float(score) for score in exact / exact.sum())


def expected_rank(scores: Scores) -> float:
    """The mean grade, 0 (all A) to 3 (all D)."""
    return float(np.dot(scores, range(len(GRADES))))


def _density(scores: Scores) -> tuple[float, Scores]:
    return expected_rank(scores), scores[::-1]


def most_likely(scores: Scores) -> int:
    """Index of the highest score; the denser of two equal ones, because a dense breast hides more."""
    return max(range(len(scores)), key=lambda index: (scores[index], index))

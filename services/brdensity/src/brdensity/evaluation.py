"""How well the demonstration network grades phantoms that it has never seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from brdensity.exam import STANDARD_VIEWS
from brdensity.grades import LABELS, rank
from brdensity.grading import grade_study, most_likely, normalised
from brdensity.phantoms import TRAINING, Grid, draw_pair, mammogram
from brdensity.preprocessing import network_input

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras
    from numpy.typing import NDArray

    Confusion = NDArray[np.int64]

HELD_OUT_SEED = 1_000_003
"""Of the evaluation: no seed of a training."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Confusion matrices, (4, 4): row is the phantom's grade, column the network's."""

    views: Confusion
    studies: Confusion


def accuracy(confusion: Confusion) -> float:
    """Share on the diagonal, 0 to 1."""
    return float(np.trace(confusion) / confusion.sum())


def evaluate(
    network: keras.Model, exams: int, on_exam: Callable[[int], None], grid: Grid = TRAINING, seed: int = HELD_OUT_SEED
) -> Evaluation:
    """The network's grades for that many exams, evenly over the grades; `on_exam` is told how many are done."""
    rng = np.random.default_rng(seed)
    views, studies = np.zeros((4, 4), np.int64), np.zeros((4, 4), np.int64)
    for index in range(exams):
        grade = LABELS[index % len(LABELS)]
        breasts = draw_pair(rng, grade)
        pictures = [
            network_input(mammogram(rng, breasts[side], side, position, grid), side)
            for side, position in STANDARD_VIEWS
        ]
        scores = [normalised(row) for row in network.predict_on_batch(np.stack(pictures))]
        by_side: dict[str, list[tuple[float, ...]]] = {"L": [], "R": []}
        for (side, _), row in zip(STANDARD_VIEWS, scores, strict=True):
            views[rank(breasts[side].grade), most_likely(row)] += 1
            by_side[side].append(row)
        studies[rank(grade), most_likely(grade_study(by_side).study)] += 1
        on_exam(index + 1)
    return Evaluation(views, studies)

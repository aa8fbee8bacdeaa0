from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from brdensity.grades import GRADES, LABELS
from brdensity.grading import grade_study, most_likely, normalised

A, B, C, D = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))
raw_scores = st.lists(st.floats(0.001, 1), min_size=4, max_size=4).map(np.array)


def test_grades_are_a_to_d_from_the_least_to_the_most_dense() -> None:
    assert LABELS == ("A", "B", "C", "D")
    assert [grade.code.value for grade in GRADES] == ["129716005", "129717001", "129718006", "129719003"]


def test_the_denser_breast_decides() -> None:
    grading = grade_study({"L": [B, B], "R": [C, C]})

    assert (grading.denser, grading.study) == ("R", C)


def test_a_breast_is_the_mean_of_its_views() -> None:
    assert grade_study({"L": [B, C], "R": [A, A]}).breasts["L"] == (0.0, 0.5, 0.5, 0.0)


def test_of_two_equal_scores_the_denser_grade_is_stated() -> None:
    assert most_likely((0.0, 0.5, 0.5, 0.0)) == 2


@given(raw_scores)
def test_normalised_scores_are_probabilities_in_shape(raw: np.ndarray) -> None:
    scores = normalised(raw.astype(np.float32))

    assert abs(sum(scores) - 1) < 1e-12
    assert all(0 <= score <= 1 for score in scores)


@given(raw_scores, raw_scores)
@example(np.array([1.0, 0.5, 0.5, 1.0]), np.array([0.5, 0.5, 0.5, 0.5]))
def test_the_order_of_the_breasts_changes_nothing(left: np.ndarray, right: np.ndarray) -> None:
    views = {"L": [normalised(left)], "R": [normalised(right)]}
    swapped = dict(reversed(views.items()))
    one, other = grade_study(views), grade_study(swapped)

    assert one == other

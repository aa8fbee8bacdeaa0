from __future__ import annotations

import numpy as np
import pytest

from brdensity.phantoms import (
    PARENCHYMA,
    TRAINING,
    Grid,
    Laterality,
    Position,
    dense_share,
    draw_breast,
    draw_pair,
    mammogram,
)

SMALL = Grid(128, 104, 2.24)
GRADES = ("A", "B", "C", "D")


def picture(share: float, *, laterality: Laterality = Laterality.LEFT, position: Position = Position.CC) -> np.ndarray:
    rng = np.random.default_rng(1)
    return mammogram(rng, draw_breast(rng, share), laterality, position, TRAINING)


def test_the_same_seed_gives_the_same_picture() -> None:
    np.testing.assert_array_equal(picture(0.4), picture(0.4))


@pytest.mark.parametrize("position", list(Position))
def test_a_picture_is_display_values_with_air_around_the_breast(position: Position) -> None:
    shown = picture(0.5, position=position)

    assert shown.shape == (TRAINING.rows, TRAINING.columns)
    assert shown.dtype == np.float32
    assert 0 <= shown.min() <= shown.max() <= 1
    assert shown[:, -1].max() < 0.02
    assert shown[TRAINING.rows // 2, 4] > 0.2


def test_a_right_breast_hangs_with_its_chest_wall_at_the_right() -> None:
    left, right = picture(0.5), picture(0.5, laterality=Laterality.RIGHT)

    np.testing.assert_array_equal(right, left[:, ::-1])


def test_the_pectoral_muscle_is_seen_in_the_oblique_view_only() -> None:
    corner = slice(0, 20), slice(0, 12)

    assert picture(0.1, position=Position.MLO)[corner].mean() > 0.5
    assert picture(0.1, position=Position.CC)[corner].mean() < 0.02


def test_a_denser_breast_is_brighter() -> None:
    means = [picture(share)[picture(share) > 0.05].mean() for share in (0.05, 0.3, 0.6, 0.9)]

    assert means == sorted(means)
    assert means[-1] - means[0] > 0.1


@pytest.mark.parametrize("grade", GRADES)
def test_a_drawn_share_has_the_grade_that_it_was_drawn_for(grade: str) -> None:
    rng = np.random.default_rng(0)

    assert {draw_breast(rng, dense_share(rng, grade)).grade for _ in range(50)} == {grade}


@pytest.mark.parametrize("grade", GRADES)
def test_the_denser_breast_of_a_pair_has_the_grade(grade: str) -> None:
    rng = np.random.default_rng(0)

    for _ in range(20):
        breasts = draw_pair(rng, grade)
        assert set(breasts) == set(Laterality)
        assert max(breast.grade for breast in breasts.values()) == grade


def test_subcutaneous_fat_is_never_dense() -> None:
    assert 0 < PARENCHYMA < 1
    shown = picture(0.95)
    row = shown[TRAINING.rows // 2]
    skin = int(np.flatnonzero(row > 0.05)[-1])

    assert row[skin - 8 : skin - 4].mean() < row[:skin].max() - 0.15


def test_a_coarser_grid_shows_the_same_kind_of_breast() -> None:
    rng = np.random.default_rng(3)
    breast = draw_breast(rng, 0.5)
    fine = mammogram(rng, breast, Laterality.LEFT, Position.CC, TRAINING)
    coarse = mammogram(rng, breast, Laterality.LEFT, Position.CC, SMALL)

    assert abs((fine > 0.05).mean() - (coarse > 0.05).mean()) < 0.02

"""What the networks are given: small pictures, histograms."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from brdensity.histogram_features import features, histogram
from brdensity.phantoms import Laterality
from brdensity.preprocessing import COLUMNS, ROWS, network_input

pictures = arrays(np.uint8, st.tuples(st.integers(2, 20), st.integers(2, 20)))


def test_a_view_is_averaged_down_to_the_networks_size() -> None:
    display = np.random.default_rng(0).random((ROWS * 16, COLUMNS * 16), np.float32)
    small = network_input(display, Laterality.LEFT)

    assert small.shape == (ROWS, COLUMNS, 1)
    np.testing.assert_allclose(small[0, 0, 0], display[:16, :16].mean(), atol=1e-4)


def test_a_right_breast_is_mirrored_so_that_the_chest_wall_is_always_left() -> None:
    display = np.random.default_rng(0).random((256, 208), np.float32)

    np.testing.assert_array_equal(
        network_input(display, Laterality.RIGHT), network_input(display[:, ::-1], Laterality.LEFT)
    )


def test_another_aspect_ratio_is_filled_up_with_air_and_not_stretched() -> None:
    small = network_input(np.ones((400, 100), np.float32), Laterality.LEFT)

    assert small[:, :32].min() == 1
    assert small[:, 32:].max() == 0


def test_the_histogram_is_that_of_the_z_scored_picture() -> None:
    picture = np.random.default_rng(0).integers(0, 252, (64, 48)).astype(np.uint8)  # no level on an edge of a bin
    z = (picture - picture.astype(np.float64).mean()) / picture.astype(np.float64).std()
    direct = np.histogram(z, 50, (z.min(), z.max()))[0] / z.size

    np.testing.assert_allclose(histogram(picture), direct, atol=1e-12)


@settings(max_examples=50)
@given(pictures)
def test_a_histogram_adds_up_to_one_even_of_a_constant_picture(picture: np.ndarray) -> None:
    assert histogram(picture).shape == (50,)
    assert abs(histogram(picture).sum() - 1) < 1e-9


@settings(max_examples=20)
@given(pictures)
def test_mirroring_changes_no_histogram(picture: np.ndarray) -> None:
    np.testing.assert_array_equal(histogram(picture), histogram(picture[:, ::-1]))


def test_four_views_give_200_numbers_in_order() -> None:
    views = [np.full((3, 3), level, np.uint8) for level in range(4)]
    views[2][0, 0] = 9

    found = features(views)

    assert found.shape == (200,)
    np.testing.assert_array_equal(found[100:150], histogram(views[2]))

"""The 200 numbers that the published histogram model sees of an exam; numpy only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from brdensity.phantoms import Laterality, Position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BINS = 50
ORDER = tuple((laterality, position) for position in Position for laterality in Laterality)
"""L CC, R CC, L MLO, R MLO: the order of the histograms."""


def features(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """The histograms of the four views one after the other, (200,); each adds up to 1."""
    return np.concatenate([histogram(picture) for picture in pictures])


def histogram(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Share of pixels per bin of the z-scored picture, over its own range; (50,).

    Computed from the counts of the 256 levels, which is exact and needs no copy of the picture in float64: with
    float32 the edges of the bins fall elsewhere and the result differs by 1e-3.
    """
    counts = np.bincount(picture.ravel(), minlength=256)
    levels = np.flatnonzero(counts)
    weights = counts[levels] / picture.size
    mean = float(np.dot(weights, levels))
    deviation = float(np.sqrt(np.dot(weights, (levels - mean) ** 2)))
    scores = (levels - mean) / (deviation or 1.0)
    return np.histogram(scores, BINS, (float(scores[0]), float(scores[-1])), weights=weights)[0]

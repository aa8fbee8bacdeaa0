"""Synthetic breasts and their mammograms: what the demonstration weights learn from, and what `make demo` sends.

A `Breast` is drawn once and projected twice, as cranio-caudal and as medio-lateral oblique view, so that its two
pictures agree as those of a real breast do. All lengths are in millimetres and all spatial frequencies in cycles
per millimetre: the same breast drawn on a coarser `Grid` has the same statistics, which is why the network may be
trained on small pictures and used on large ones.

The picture is made in the order in which a mammogram comes to be: outline and compressed thickness; fatty and
fibroglandular tissue as a thresholded random field with the power spectrum of mammographic texture (1/f^3; Burgess,
Jacobson, Judy, Med Phys 28:419, 2001); ligaments and vessels as its ridges; pectoral muscle; skin; display
curve; noise.

The grade of a phantom *is* the dense share of its parenchyma's area, by the quartiles of the fourth edition of BI-RADS
(2003): A below 25 %, B below 50 %, C below 75 %, D from there. Radiologists grade by more than that, and real
breasts look different: what is learnt here is worth nothing in a clinic.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from brdensity.grades import LABELS, rank

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]

QUARTILES = (0.03, 0.25, 0.50, 0.75, 0.95)
"""Edges of the dense share of the area: between the first and the second lies A, and so on."""


class Laterality(StrEnum):
    """The side (PS3.3 C.7.3.1)."""

    LEFT = "L"
    RIGHT = "R"


class Position(StrEnum):
    """The standard views (ViewPosition, PS3.3 C.8.11.7)."""

    CC = "CC"
    MLO = "MLO"


@dataclass(frozen=True, slots=True)
class Grid:
    """Size of the picture and of its pixels."""

    rows: int
    columns: int
    spacing_mm: float


DETECTOR = Grid(2048, 1664, 0.14)
"""287 mm × 233 mm, the size of a large full-field detector."""

TRAINING = Grid(256, 208, 1.12)
"""The same field, eight times coarser."""


PARENCHYMA = 0.86
"""Where the subcutaneous fat begins, as a share of the way to the skin."""


@dataclass(frozen=True, slots=True)
class Breast:
    """What one breast is like, whichever view it is seen in."""

    dense_share: float
    """Of the projected parenchyma, 0 to 1: decides the grade."""
    depth_mm: float
    """From chest wall to nipple, compressed."""
    half_height_mm: float
    clumping: float
    """How much the tissue gathers behind the nipple (1) rather than anywhere (0)."""
    fat: float
    """Display value of fat, 0 to 1: with `gland` the machine's contrast."""
    gland: float

    @property
    def grade(self) -> str:
        """`A` to `D`."""
        return LABELS[int(np.searchsorted(QUARTILES[1:-1], self.dense_share, side="right"))]


def dense_share(rng: np.random.Generator, grade: str) -> float:
    """A share of dense area, drawn evenly within the limits of a grade."""
    index = rank(grade)
    return float(rng.uniform(QUARTILES[index], QUARTILES[index + 1]))


def draw_breast(rng: np.random.Generator, share: float) -> Breast:
    """A breast with that share of dense area and otherwise random, within what is seen in a screening population."""
    fat = rng.uniform(0.24, 0.38)
    return Breast(
        dense_share=float(np.clip(share, QUARTILES[0], QUARTILES[-1])),
        depth_mm=rng.uniform(80.0, 136.0),
        half_height_mm=rng.uniform(84.0, 118.0),
        clumping=rng.uniform(0.5, 1.0),
        fat=fat,
        gland=fat + rng.uniform(0.28, 0.44),
    )


def draw_pair(rng: np.random.Generator, grade: str) -> dict[Laterality, Breast]:
    """Both breasts of a woman whose denser breast has that grade; most differ little between the sides."""
    share = dense_share(rng, grade)
    other = share - abs(rng.normal(0.0, 0.04))
    sides = rng.permutation([Laterality.LEFT, Laterality.RIGHT])
    return {
        Laterality(sides[0]): draw_breast(rng, share),
        Laterality(sides[1]): draw_breast(rng, other),
    }


def mammogram(
    rng: np.random.Generator, breast: Breast, laterality: Laterality, position: Position, grid: Grid = DETECTOR
) -> Picture:
    """A picture as shown on a monitor: (rows, columns) float32, 0 black to 1 white, dense tissue bright, air at 0.

    The chest wall is at the left edge for a left breast and at the right edge for a right one, as such images hang.
    """
    at = _coordinates(grid)
    radius = _radius(breast, position, at)
    inside = radius < 1.0
    texture = _power_law(rng, grid, exponent=3.0, longest_mm=60.0)
    gland = _gland(breast, radius, texture)
    strands = _ridges(rng, grid, longest_mm=25.0) + 0.6 * _ridges(rng, grid, longest_mm=9.0)
    tissue = breast.fat + (breast.gland - breast.fat) * gland + 0.07 * strands * (1.0 - 0.7 * gland)
    picture = tissue * _thickness(radius) + _skin(breast, radius)
    if position is Position.MLO:
        picture = _with_pectoral_muscle(rng, picture, breast, at, texture)
    picture = np.where(inside, _display_curve(rng, picture), 0.0)
    picture += rng.normal(0.0, 0.012 * DETECTOR.spacing_mm / grid.spacing_mm, picture.shape) * (0.25 + inside)
    shown: Picture = np.clip(picture, 0.0, 1.0).astype(np.float32)
    return shown if laterality is Laterality.LEFT else np.ascontiguousarray(shown[:, ::-1])


@dataclass(frozen=True, slots=True)
class _Coordinates:
    """Where the pixels are, in millimetres."""

    x_mm: NDArray[np.float64]
    """(1, columns): from the chest wall."""
    y_mm: NDArray[np.float64]
    """(rows, 1): from the middle row, downwards."""


def _coordinates(grid: Grid) -> _Coordinates:
    x_mm = (np.arange(grid.columns, dtype=np.float64) + 0.5) * grid.spacing_mm
    y_mm = (np.arange(grid.rows, dtype=np.float64) + 0.5 - grid.rows / 2) * grid.spacing_mm
    return _Coordinates(x_mm[np.newaxis, :], y_mm[:, np.newaxis])


def _radius(breast: Breast, position: Position, at: _Coordinates) -> NDArray[np.float64]:
    """How far out a point lies: 0 at the middle of the chest wall, 1 at the skin."""
    if position is Position.CC:
        y = at.y_mm
        height_mm = np.full_like(y, breast.half_height_mm)
    else:  # drawn up into the axilla and sagging below
        y = at.y_mm - 0.18 * breast.half_height_mm
        height_mm = np.where(y < 0.0, 2.1 * breast.half_height_mm, 0.95 * breast.half_height_mm)
    return ((at.x_mm / breast.depth_mm) ** 2.2 + (np.abs(y) / height_mm) ** 2.2) ** (1 / 2.2)


def _power_law(rng: np.random.Generator, grid: Grid, *, exponent: float, longest_mm: float) -> NDArray[np.float64]:
    """Gaussian noise with a power spectrum of 1/f^exponent below `longest_mm`; mean 0, standard deviation 1."""
    rows = np.fft.fftfreq(grid.rows, grid.spacing_mm)[:, np.newaxis]
    columns = np.fft.rfftfreq(grid.columns, grid.spacing_mm)[np.newaxis, :]
    amplitude = (rows**2 + columns**2 + longest_mm**-2.0) ** (-exponent / 4)
    amplitude[0, 0] = 0.0
    white = np.fft.rfft2(rng.standard_normal((grid.rows, grid.columns), dtype=np.float32))
    field = np.fft.irfft2(white * amplitude, s=(grid.rows, grid.columns))
    return np.asarray(field / field.std())


def _ridges(rng: np.random.Generator, grid: Grid, *, longest_mm: float) -> NDArray[np.float64]:
    """Thin bright curves, 0 to 1: the zero crossings of a smooth field look like ligaments and vessels."""
    field = _power_law(rng, grid, exponent=4.5, longest_mm=longest_mm)
    return np.asarray(np.exp(-((field / 0.12) ** 2)))


def _gland(breast: Breast, radius: NDArray[np.float64], texture: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of fibroglandular tissue per pixel, 0 to 1: above one half on the breast's dense share of the parenchyma.

    Parenchyma ends where the subcutaneous fat begins. The tissue gathers in its middle, and the field that decides
    where it lies is the one that makes it uneven within.
    """
    likely = texture - 3.2 * breast.clumping * np.maximum(radius - 0.3, 0.0)
    threshold = np.quantile(likely[radius < PARENCHYMA], 1.0 - breast.dense_share)
    dense = 1.0 / (1.0 + np.exp(-(likely - threshold) / 0.45))
    uneven = 0.82 + 0.18 * np.tanh(texture - threshold)
    rim = 1.0 / (1.0 + np.exp((radius - PARENCHYMA - 0.01) / 0.012))
    return np.asarray(dense * uneven * rim)


def _thickness(radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is left of the full compressed thickness after peripheral equalisation: 1 inside, 0 at the skin."""
    edge = np.clip((radius - 0.6) / 0.4, 0.0, 1.0)
    return np.asarray((1.0 - edge**3) ** 0.45)


def _skin(breast: Breast, radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """The skin line, about 2 mm wide."""
    distance_mm = (1.0 - radius) * breast.depth_mm
    return np.asarray(0.16 * np.exp(-(((distance_mm - 1.2) / 0.9) ** 2)))


def _with_pectoral_muscle(
    rng: np.random.Generator,
    picture: NDArray[np.float64],
    breast: Breast,
    at: _Coordinates,
    texture: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The picture with the muscle as a bright triangle at the upper chest wall."""
    width_mm = min(rng.uniform(42.0, 76.0), 0.75 * breast.depth_mm)
    height_mm = rng.uniform(120.0, 180.0)
    depth = 1.0 - at.x_mm / width_mm - (at.y_mm - at.y_mm[0, 0]) / height_mm
    share = 1.0 / (1.0 + np.exp(-(depth + 0.02 * texture) * 40.0))
    muscle = breast.gland + rng.uniform(0.02, 0.12) + 0.015 * texture
    return np.asarray(picture * (1.0 - share) + muscle * share)


def _display_curve(rng: np.random.Generator, picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """The picture after a vendor's processing: each likes another contrast."""
    return np.asarray(np.clip(picture, 0.0, 1.0) ** rng.uniform(0.85, 1.2) * rng.uniform(0.9, 1.08))

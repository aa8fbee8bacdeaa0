"""Training the demonstration network on phantoms, from one seed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from brdensity.grades import LABELS, rank
from brdensity.network import build
from brdensity.phantoms import TRAINING, Laterality, Position, dense_share, draw_breast, mammogram
from brdensity.preprocessing import network_input

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides the weights."""

    seed: int = 20171113
    breasts: int = 9000
    """Drawn for training, evenly over the grades; each gives two views."""
    epochs: int = 16
    batch: int = 32
    learning_rate: float = 2e-3


@dataclass(frozen=True, slots=True)
class Views:
    """Pictures and their grades."""

    pictures: NDArray[np.float32]
    """(views, ROWS, COLUMNS, 1), 0 to 1."""
    ranks: NDArray[np.int32]
    """(views,), 0 for A."""


def draw_views(seed: int, breasts: int, progress: Callable[[int], None]) -> Views:
    """Two views each of that many breasts; `progress` is told how many are done."""
    rng = np.random.default_rng(seed)
    pictures, ranks = [], []
    for index in range(breasts):
        grade = LABELS[index % len(LABELS)]
        breast = draw_breast(rng, dense_share(rng, grade))
        for position in Position:
            picture = mammogram(rng, breast, Laterality.LEFT, position, TRAINING)
            pictures.append(network_input(picture, Laterality.LEFT))
            ranks.append(rank(grade))
        progress(index + 1)
    return Views(np.stack(pictures), np.array(ranks, np.int32))


def make_deterministic(seed: int) -> None:
    """Seed Python, numpy and TensorFlow, and allow only operations that give the same result twice."""
    os.environ["TF_DETERMINISTIC_OPS"] = "1"
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def train(recipe: Recipe, views: Views, on_epoch: Callable[[int, float], None]) -> keras.Model:
    """The trained network; `on_epoch` is told the epoch, from 1, and its loss.

    The same recipe gives the same weights on the same kind of processor: other vector units sum in another order.
    """
    network = build()
    steps = recipe.epochs * (len(views.ranks) // recipe.batch)
    schedule = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps)
    network.compile(keras.optimizers.Adam(schedule), keras.losses.SparseCategoricalCrossentropy())
    report = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: on_epoch(epoch + 1, logs["loss"]))
    network.fit(views.pictures, views.ranks, recipe.batch, recipe.epochs, verbose=0, callbacks=[report])
    return network

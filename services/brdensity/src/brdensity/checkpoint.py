"""The published checkpoint of the histogram model, as a Keras network.

A TensorFlow 1 checkpoint is a table of named arrays: reading it runs no code, unlike a pickle or a saved graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from brdensity.histogram_features import BINS, ORDER
from brdensity.store import WeightsInvalid, sha256

if TYPE_CHECKING:
    from pathlib import Path

DATA = "model.ckpt.data-00000-of-00001"
PUBLISHED_SHA256 = "70cfcc9f8c8eec8805e35a47c6daa330e6a7cc424f61a63058394be759f9b156"
"""Of `DATA` as published: other weights under this name would be another model."""

LAYERS = {"hidden": "fully_connected", "grade": "fully_connected_2"}
"""Layers here and variables there; `fully_connected_1` is the head for three classes, which is not used."""


def read(folder: Path) -> keras.Model:
    """The network: (exams, 200) histograms → (exams, 4) scores. Raises `WeightsInvalid`."""
    data = folder / DATA
    if not data.is_file():
        raise WeightsInvalid(f"{folder} has no {DATA}: give the folder of the published checkpoint")
    found = sha256(data)
    if found != PUBLISHED_SHA256:
        raise WeightsInvalid(f"{DATA} has SHA-256 {found}, the published one has {PUBLISHED_SHA256}")
    checkpoint = tf.train.load_checkpoint(str(folder / "model.ckpt"))
    network = _network()
    for here, there in LAYERS.items():
        arrays = [checkpoint.get_tensor(f"{there}/weights"), checkpoint.get_tensor(f"{there}/biases")]
        network.get_layer(here).set_weights(arrays)
    return network


def _network() -> keras.Model:
    histograms = keras.Input((BINS * len(ORDER),), name="histograms")
    hidden = keras.layers.Dense(100, activation="relu", name="hidden")(histograms)
    scores = keras.layers.Dense(4, activation="softmax", name="grade")(hidden)
    return keras.Model(histograms, scores, name="brdensity-nyu-histogram")

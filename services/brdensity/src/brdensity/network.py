"""The demonstration network: one small convolutional network, shared by all four views.

One network for all views, because a density grade rests on the same look everywhere and the four views of a study
then are one batch. It is small because it is committed, and because phantoms need no more.
"""

from __future__ import annotations

import keras

from brdensity.grades import GRADES
from brdensity.preprocessing import COLUMNS, ROWS


def build() -> keras.Model:
    """The untrained network: (views, ROWS, COLUMNS, 1) display values → (views, 4) scores that add up to 1.

    Only layers that Keras loads in safe mode: no Lambda, nothing of our own.
    """
    layers = keras.layers
    view = keras.Input((ROWS, COLUMNS, 1), name="view")
    x = view
    for filters in (8, 16, 24, 32):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)])
    x = layers.Dense(32, activation="relu")(x)
    scores = layers.Dense(len(GRADES), activation="softmax", name="scores")(x)
    return keras.Model(view, scores, name="brdensity-demonstration")

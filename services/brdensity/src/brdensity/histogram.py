"""The published histogram model: its features, its network, its contract.

From nyukat/breast_density_classifier (BSD 2-Clause); Wu et al., Breast density classification with deep convolutional
neural networks, arXiv 1711.03674. Each view is z-scored and its histogram taken over 50 bins of its own range; the
four histograms go through one hidden layer.

Its contract is that of the publication: display values of 8 bits, cropped to 2600 × 2000. A raw 12-bit picture, or
one with the air around the breast that the crop removes, has other histograms, and the network answers it with
confidence and nonsense. Which crop and which display the authors made is not published in a form that could be
repeated, so nothing is converted here: an instance outside the contract is unsuitable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from brdensity import keras_file
from brdensity.grading import normalised
from brdensity.histogram_features import ORDER, features
from brdensity.readings import Reading
from wetread_sdk import UnsuitableStudy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from brdensity.store import StoredWeights
    from brdensity.views import View, Views
    from wetread_sdk import Instance

ROWS = 2600
COLUMNS = 2000
BITS = 8


class HistogramReader:
    """A network that is loaded, traced and warm."""

    notices = ("research model, not for clinical use",)

    def __init__(self, weights: StoredWeights) -> None:
        network = keras_file.read(weights.path)
        signature = tf.TensorSpec((1, *network.input_shape[1:]), tf.float32)
        self._scores = tf.function(lambda histograms: network(histograms, training=False), input_signature=[signature])
        self._scores(tf.zeros(signature.shape))

    def read(self, views: Views) -> Reading:
        """The scores of the study. Raises `UnsuitableStudy` for an instance outside the model's contract."""
        pictures = [_picture(view, views[view]) for view in ORDER]
        scores = self._scores(tf.constant(features(pictures)[np.newaxis], tf.float32)).numpy()
        return Reading(normalised(scores[0]))


def _picture(view: View, instance: Instance) -> NDArray[np.uint8]:
    dataset = instance.dataset
    found = (dataset.get("Rows"), dataset.get("Columns"), dataset.get("BitsStored"))
    if found != (ROWS, COLUMNS, BITS):
        raise UnsuitableStudy(
            "outside_contract",
            f"{' '.join(view)} is {found[0]} × {found[1]} with {found[2]} bits; this model reads display values of "
            f"{BITS} bits, cropped to {ROWS} × {COLUMNS}, and nothing else",
        )
    levels: NDArray[np.uint8] = np.round(instance.display().values * (2**BITS - 1)).astype(np.uint8)
    return levels

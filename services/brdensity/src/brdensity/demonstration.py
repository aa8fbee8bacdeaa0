"""The reader with the demonstration weights: four views as one batch through the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from brdensity import keras_file
from brdensity.grading import grade_study, normalised
from brdensity.preprocessing import COLUMNS, ROWS, network_input
from brdensity.readings import Reading
from wetread_sdk import UnsuitableStudy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from brdensity.store import StoredWeights
    from brdensity.views import View, Views
    from wetread_sdk import Instance

NOTICE = "demonstration weights, not for clinical use"

VIEWS = 4
LEAST_TISSUE = 0.02
"""Share of a view that must not be black: less is no breast."""


class DemonstrationReader:
    """A network that is loaded, traced and warm."""

    notices = (NOTICE,)

    def __init__(self, weights: StoredWeights) -> None:
        network = keras_file.read(weights.path)
        signature = tf.TensorSpec((VIEWS, ROWS, COLUMNS, 1), tf.float32)
        self._scores = tf.function(lambda views: network(views, training=False), input_signature=[signature])
        self._scores(tf.zeros(signature.shape))  # traces now: a traced function is 4 times as fast as `predict`

    def read(self, views: Views) -> Reading:
        """The scores of each view, breast and the study. Raises `UnsuitableStudy` for a view without a breast."""
        batch = np.stack([_input(view, instance) for view, instance in views.items()])
        scores = self._scores(tf.constant(batch)).numpy()
        by_view = {view: normalised(row) for view, row in zip(views, scores, strict=True)}
        by_side = {side: [row for view, row in by_view.items() if view[0] == side] for side in ("L", "R")}
        grading = grade_study(by_side)
        return Reading(grading.study, grading.denser, grading.breasts, by_view)


def _input(view: View, instance: Instance) -> NDArray[np.float32]:
    picture = network_input(instance.display().values, view[0])
    if float((picture > 0.0).mean()) < LEAST_TISSUE:
        raise UnsuitableStudy("view_blank", f"{' '.join(view)} shows no breast: the picture is black")
    return picture

"""The model that the SDK serves: which weights it loads is decided by the declaration that it is started with."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol

from brdensity import demonstration, histogram, store
from brdensity.names import DEMONSTRATION, NYU_HISTOGRAM
from brdensity.readings import Reading, findings
from brdensity.store import WeightsInvalid
from brdensity.views import standard_views
from wetread_sdk import Loaded

if TYPE_CHECKING:
    from collections.abc import Callable

    from brdensity.store import StoredWeights
    from brdensity.views import Views
    from wetread_sdk import Answer, Context, Study


class Reader(Protocol):
    """A network with its way of looking at views."""

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences that every result must show."""
        ...

    def read(self, views: Views) -> Reading:
        """The scores of one study. Raises `UnsuitableStudy`."""
        ...


READERS: dict[str, tuple[str, Callable[[StoredWeights], Reader]]] = {
    "brdensity": (DEMONSTRATION, demonstration.DemonstrationReader),
    "brdensity-nyu-histogram": (NYU_HISTOGRAM, histogram.HistogramReader),
}
"""By the declaration's name: the name in the model store, and who reads with it."""


class BrDensity:
    """BI-RADS breast density from the four standard views."""

    _reader: Reader

    def load(self, context: Context) -> Loaded:
        """Take the weights from the model store, check their digest, trace and warm up the network.

        Raises `WeightsInvalid` for weights that are missing or damaged, and for a declaration of another model.
        """
        declared = context.declaration.name
        if declared not in READERS:
            raise WeightsInvalid(f"there are no weights for a model {declared}: this service is {' or '.join(READERS)}")
        name, reader = READERS[declared]
        weights = store.get(name)
        self._reader = reader(weights)
        return Loaded(weights.sha256, f"tensorflow {_tensorflow_version()}, keras {version('keras')}", _device())

    def predict(self, study: Study) -> Answer:
        """The study's grade is that of its denser breast, as far as the network tells breasts apart."""
        views = standard_views(study)
        return findings(self._reader.read(views), views, self._reader.notices)


def _tensorflow_version() -> str:
    import tensorflow as tf  # noqa: PLC0415 - the readers have imported it

    return str(tf.__version__)


def _device() -> str:
    """The accelerator's name, or `cpu`."""
    import tensorflow as tf  # noqa: PLC0415 - as above

    accelerators = tf.config.list_physical_devices("GPU")
    if not accelerators:
        return "cpu"
    return str(tf.config.experimental.get_device_details(accelerators[0]).get("device_name", "gpu"))

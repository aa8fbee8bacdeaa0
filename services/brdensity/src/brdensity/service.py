"""What BentoML serves: `bentoml serve brdensity.service:Service`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wetread_sdk.bento import service

if TYPE_CHECKING:
    from brdensity.model import BrDensity


def _model() -> BrDensity:
    """The model; imported only in the worker, because BentoML's supervisor needs no TensorFlow and its 500 MB."""
    from brdensity.model import BrDensity  # noqa: PLC0415 - see above

    return BrDensity()


Service = service(_model, name="brdensity")

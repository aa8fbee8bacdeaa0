"""The answer that stands in a model's place when it is not asked: the study lacks what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wetread_contract.findings import Unsuitable
from wetread_contract.wire import answer_to_proto

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.handoffs import ModelIdentity

CODE = "requirements_not_met"
"""As a model's own `Unsuitable.code`."""


def unsuitable(model: ModelIdentity, reasons: Sequence[str]) -> bytes:
    """What `client.decoded` reads as UNSUITABLE with these reasons."""
    answer = Unsuitable(CODE, "; ".join(reasons) or "the study lacks what the model needs")
    response = answer_to_proto(answer, inference_s=0.0, weights_sha256=model.weights_sha256)
    return response.SerializeToString(deterministic=True)

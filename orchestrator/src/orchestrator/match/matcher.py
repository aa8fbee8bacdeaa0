"""Asks every model's rules about one study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.handoffs import Match
from wetread_contract.judge import judge
from wetread_contract.study import Study

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.handoffs import RegisteredModel
    from wetread_contract.headers import Headers


def match(models: Sequence[RegisteredModel], instances: Sequence[Headers]) -> list[Match]:
    """What each model's rules say; the study is read once for all of them."""
    study = Study(instances)
    return [Match(model.identity, judgement) for model in models for judgement in judge(model.declaration, study)]

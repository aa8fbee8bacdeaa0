"""What a result rests on that says why a model was not asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wetread_contract.judgement import SelectedInstance

if TYPE_CHECKING:
    from collections.abc import Collection

    from orchestrator.handoffs import Match


def of(matched: Match, rejected: Collection[str]) -> Match | None:
    """The match with the instances that were looked at as its selection; None if there are none.

    Those that the model would have got; where there are none, those that were left out, with the
    reason of each, but for the SOP instance UIDs that a rejection note names.
    """
    judgement = matched.judgement
    looked_at = judgement.selected or tuple(
        SelectedInstance(one.reference, one.facts)
        for one in judgement.left_out
        if one.reference.sop_instance_uid not in rejected
    )
    return replace(matched, judgement=replace(judgement, selected=looked_at)) if looked_at else None

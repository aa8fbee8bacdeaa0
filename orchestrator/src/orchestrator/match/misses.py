"""Why a study was missed, in one of a few words: for counting, where the sentences would be too many.

What only an exclusion or an absent attribute stops came close: it is UNSUITABLE, and no miss.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from orchestrator.match.matcher import SWITCHED_OFF

if TYPE_CHECKING:
    from wetread_contract.judgement import Judgement


class MissClass(StrEnum):
    """The first thing in a model's rules that no instance passed."""

    SWITCHED_OFF = "switched_off"
    """The site has switched the model off."""
    OTHER_MODALITY = "other_modality"
    """No instance has the modality or SOP class that it reads."""
    CONDITION_FALSE = "condition_false"
    """Some condition is true of no instance."""
    NONE_HAS_ALL = "none_has_all"
    """Every condition is true of some instance, and of no instance all are."""


def miss_class(judgement: Judgement) -> MissClass:
    """What a judgement that says MISSED is counted as."""
    if not judgement.tree:
        return MissClass.SWITCHED_OFF if judgement.reasons == (SWITCHED_OFF,) else MissClass.OTHER_MODALITY
    conditions = [clause for clause in judgement.tree if not clause.text.startswith("exclude ")]
    asked_alone = [clause for clause in conditions if clause.of == "instances"]
    return MissClass.NONE_HAS_ALL if all(clause.true for clause in asked_alone) else MissClass.CONDITION_FALSE

"""The sentences that card and report both show, so that they never say different things."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from orchestrator.compose.inputs import name_of
from orchestrator.compose.source_values import text_of
from wetread_contract.findings import Findings, Region, Segmentation

if TYPE_CHECKING:
    from orchestrator.compose.local_time import LocalTime
    from orchestrator.handoffs import Composition

PRELIMINARY: Final = "PRELIMINARY - computed, not reviewed by a radiologist, not for clinical use"
_EQUIPMENT: Final = ("Manufacturer", "ManufacturerModelName")

COMPUTED: Final = "PRELIMINARY - computed, not reviewed by a radiologist"
"""For a product."""


def preliminary(composition: Composition) -> str:
    """What every result says about itself before it says anything else."""
    return COMPUTED if composition.settings.content_qualification == "PRODUCT" else PRELIMINARY


def notices(composition: Composition) -> tuple[str, ...]:
    """What the model demands that every result shows."""
    answer = composition.prediction.answer
    return answer.notices if isinstance(answer, Findings) else ()


def outside_validation(composition: Composition) -> str:
    """That the declaration names equipment, and the source's is not among it; else empty.

    An entry of `validated_on` names the source's equipment if all of its words are in Manufacturer
    and Manufacturer's Model Name, in any case and order.
    """
    validated_on = composition.declaration.validated_on
    equipment = " ".join(text_of(composition.source, keyword) for keyword in _EQUIPMENT).split()
    if not validated_on or any(_words(entry) <= _words(" ".join(equipment)) for entry in validated_on):
        return ""
    return f"Equipment outside validation: {' '.join(equipment) or 'unknown'}; validated on {', '.join(validated_on)}"


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def intent(composition: Composition) -> tuple[tuple[str, str], ...]:
    """What the model is for and for whom it is not, as label and sentence."""
    declaration = composition.declaration
    against = (("Not for", sentence) for sentence in declaration.contraindications)
    return (("Intended use", declaration.intended_use), *against)


def left_out(composition: Composition) -> tuple[str, ...]:
    """`R CC: older repeat`, for every instance that the model did not get."""
    return tuple(
        f"{name_of(instance.facts, number)}: {instance.reason}"
        for number, instance in enumerate(composition.left_out, start=1)
    )


def replacement(composition: Composition, made: LocalTime) -> str:
    """`Replaces the result of 10:42, was C`, with the date where it is another day; else empty."""
    replaced = composition.replaces
    if replaced is None:
        return ""
    then = replaced.received_at.astimezone(made.moment.tzinfo)
    when = f"{then:%H:%M}" if then.date() == made.moment.date() else f"{then:%Y-%m-%d %H:%M}"
    return f"Replaces the result of {when}, was {replaced.summary}"


def not_shown(composition: Composition) -> str:
    """That there are regions which no object has, and masks which others have; else empty."""
    answer = composition.prediction.answer
    findings = answer.findings if isinstance(answer, Findings) else ()
    regions = sum(isinstance(finding, Region) for finding in findings)
    masks = sum(isinstance(finding, Segmentation) for finding in findings)
    said = (
        f"{regions} region(s) of the model are not part of this object" if regions else "",
        f"{masks} mask(s) of the model are in segmentation objects of their own" if masks else "",
    )
    return "; ".join(filter(None, said))

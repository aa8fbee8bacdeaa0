"""The card: the result as a picture that a radiologist reads at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.compose.card.content import card_content
from orchestrator.compose.card.drawable import drawable
from orchestrator.compose.card.pages import drawn

if TYPE_CHECKING:
    from PIL.Image import Image

    from orchestrator.compose.local_time import LocalTime
    from orchestrator.handoffs import Composition

_RGB_PIXELS_PER_UNIT: Final = 1.0
"""720 × 960 × 3 bytes: under 2 MiB uncompressed, which every viewer reads."""

_GREY_PIXELS_PER_UNIT: Final = 5 / 3
"""1200 × 1600 bytes: as large."""


def draw_card(composition: Composition, made: LocalTime) -> list[Image]:
    """The pages of the card, RGB or with one grey channel; nothing on them says who the patient is."""
    content = drawable(card_content(composition, made))
    if composition.settings.card_photometric_interpretation == "MONOCHROME2":
        return [page.convert("L") for page in drawn(content, _GREY_PIXELS_PER_UNIT)]
    return drawn(content, _RGB_PIXELS_PER_UNIT)

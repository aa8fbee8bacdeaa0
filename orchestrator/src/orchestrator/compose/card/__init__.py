"""The card: the result as a picture that a radiologist reads at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestrator.compose.card.content import card_content
from orchestrator.compose.card.pages import drawn

if TYPE_CHECKING:
    from PIL.Image import Image

    from orchestrator.compose.local_time import LocalTime
    from orchestrator.handoffs import Composition

_RGB_PIXELS_PER_UNIT: Final = 1.0
"""720 × 960 × 3 bytes: under 2 MiB uncompressed, which every viewer reads."""


def draw_card(composition: Composition, made: LocalTime) -> list[Image]:
    """The pages of the card, RGB; nothing on them says who the patient is."""
    return drawn(card_content(composition, made), _RGB_PIXELS_PER_UNIT)

"""The card's typeface, from a package: the same letters on every machine.

Source Sans Pro (SIL Open Font License 1.1) has Latin, Greek and Cyrillic; what it lacks is for `drawable`.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from PIL import ImageFont

_REMEMBERED: Final = 64
"""Lines of text of each size whose pixels are kept: most of a card's words stand on every card of a model."""


class Weight(StrEnum):
    """The weights in use, by the names of their files."""

    REGULAR = "Regular"
    SEMIBOLD = "Semibold"
    BOLD = "Bold"


class _Typeface(ImageFont.FreeTypeFont):
    """Remembers the pixels of lines that it has set, and how wide they are; a card says nothing about a patient."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as Pillow has them
        super().__init__(*arguments, **options)
        self.getmask2 = lru_cache(_REMEMBERED)(super().getmask2)  # type: ignore[assignment,method-assign]
        self.getlength = lru_cache(4 * _REMEMBERED)(super().getlength)  # type: ignore[assignment,method-assign]


@lru_cache(maxsize=128)
def font(weight: Weight, pixels: int) -> ImageFont.FreeTypeFont:
    """The typeface at so many pixels per em. Without Raqm: its version must not move a letter."""
    path = files("font_source_sans_pro") / "files" / f"SourceSansPro-{weight}.ttf"
    return _Typeface(str(path), pixels, layout_engine=ImageFont.Layout.BASIC)

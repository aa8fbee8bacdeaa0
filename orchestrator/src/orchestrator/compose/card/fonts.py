"""The card's typeface, from a package: the same letters on every machine.

Source Sans Pro (SIL Open Font License 1.1) has Latin, Greek and Cyrillic; a character that it lacks
shows as its empty box.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from importlib.resources import files

from PIL import ImageFont


class Weight(StrEnum):
    """The weights in use, by the names of their files."""

    REGULAR = "Regular"
    SEMIBOLD = "Semibold"
    BOLD = "Bold"


@lru_cache(maxsize=128)
def font(weight: Weight, pixels: int) -> ImageFont.FreeTypeFont:
    """The typeface at so many pixels per em. Without Raqm: its version must not move a letter."""
    path = files("font_source_sans_pro") / "files" / f"SourceSansPro-{weight}.ttf"
    return ImageFont.truetype(str(path), pixels, layout_engine=ImageFont.Layout.BASIC)

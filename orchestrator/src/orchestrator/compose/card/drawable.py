"""What the card's typeface cannot draw is said to be missing: an empty box could be taken for a sign.

The report has every character. No typeface of ours has all of them: one with Chinese, Japanese and
Korean alone would be larger than all else that draws the card.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar, cast

from orchestrator.compose.card.fonts import Weight, font

if TYPE_CHECKING:
    from orchestrator.compose.card.content import CardContent

NOTICE: Final = "Some words are in letters that this card cannot show: […]. The report has them."

_MISSING: Final = "[…]"
_PIXELS: Final = 16
_NO_CHARACTER: Final = "\uffff"
"""Never one (Unicode 23.7), so that it is drawn as what the typeface lacks."""
_RUN: Final = re.compile(r"\0+(?:[\0\s]*\0)?")

Part = TypeVar("Part")


def drawable(content: CardContent) -> CardContent:
    """The card with each run of letters that cannot be drawn as `[…]`, and a notice that says so."""
    drawn = _drawable(content)
    return content if drawn == content else replace(drawn, notices=(*drawn.notices, NOTICE))


def _drawable(part: Part) -> Part:
    """A text, or whatever holds texts."""
    if isinstance(part, str):
        return cast("Part", _text(part))
    if isinstance(part, tuple):
        return cast("Part", tuple(_drawable(each) for each in part))
    if is_dataclass(part) and not isinstance(part, type):
        texts = {each.name: _drawable(getattr(part, each.name)) for each in fields(part)}
        return cast("Part", replace(part, **texts))
    return part


def _text(text: str) -> str:
    if text.isascii() or all(map(_has_glyph, text)):
        return text
    return _RUN.sub(_MISSING, "".join(character if _has_glyph(character) else "\0" for character in text))


@lru_cache(maxsize=4096)
def _has_glyph(character: str) -> bool:
    return character.isspace() or _drawn(character) != _drawn(_NO_CHARACTER)


def _drawn(character: str) -> tuple[tuple[int, int], bytes]:
    mask = font(Weight.REGULAR, _PIXELS).getmask(character)
    return mask.size, bytes(mask)

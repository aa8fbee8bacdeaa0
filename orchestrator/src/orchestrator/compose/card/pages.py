"""Stacks the card's parts on as many pages as they need; what a page has to spare goes to the pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from orchestrator.compose.card.blocks import Block, Footer, Heading, LeftOut, Section, TableRow, Warnings
from orchestrator.compose.card.canvas import HEIGHT, Canvas
from orchestrator.compose.card.grade_blocks import Hero, Sides
from orchestrator.compose.card.tile_block import MOST_PICTURE, Tiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from orchestrator.compose.card.content import CardContent

_GAP: Final = 16
_TOP: Final = 28
_BOTTOM: Final = HEIGHT - 22


@dataclass(frozen=True, slots=True)
class _Placed:
    block: Block
    gap: float
    """Above it."""


_CONTINUED: Final = _Placed(Section("Further findings, continued"), _GAP)


def drawn(content: CardContent, pixels_per_unit: float) -> list[Image]:
    """The pages."""
    measure = Canvas(pixels_per_unit)
    parts = _parts(content)
    head, foot = _frame(content, 1, 1)
    room = _BOTTOM - foot.height(measure) - _TOP - sum(block.height(measure) + _GAP for block in head)
    pages = [_with_larger_pictures(page, measure, room) for page in _broken(parts, measure, room)]
    return [_page(content, page, number, len(pages), pixels_per_unit) for number, page in enumerate(pages, start=1)]


def _frame(content: CardContent, number: int, count: int) -> tuple[list[Block], Block]:
    page = f"{number} / {count}" if count > 1 else ""
    return [Heading(content.title, content.mark, page), Warnings(content.warning, content.notices)], Footer(
        content.footer
    )


def _parts(content: CardContent) -> list[_Placed]:
    parts: list[_Placed] = []
    if content.hero:
        parts.append(_Placed(Hero(content.hero, content.notes), _GAP))
    if content.sides:
        parts.append(_Placed(Sides(content.sides), _GAP - 2))
    if content.tiles:
        parts.append(_Placed(Tiles(content.inputs, content.tiles), _GAP + 2))
    else:
        parts.append(_Placed(Section(content.inputs), _GAP + 2))
    if content.left_out:
        parts.append(_Placed(LeftOut(content.left_out), _GAP))
    if content.rows:
        parts.append(_Placed(Section("Further findings" if content.hero or content.sides else "Findings"), _GAP))
        parts.extend(_Placed(TableRow(row), 0) for row in content.rows)
    return parts


def _broken(parts: Sequence[_Placed], canvas: Canvas, room: float) -> list[list[_Placed]]:
    """A part goes to the next page when it does not fit; a section's title stays with what follows."""
    pages: list[list[_Placed]] = [[]]
    left = room
    for number, part in enumerate(parts):
        needed = part.gap + part.block.height(canvas)
        follower = _followers_height(parts, number, canvas)
        if needed + follower > left and pages[-1]:
            pages.append([_CONTINUED] if isinstance(part.block, TableRow) else [])
            left = room - sum(placed.gap + placed.block.height(canvas) for placed in pages[-1])
        pages[-1].append(part)
        left -= needed
    return pages


def _followers_height(parts: Sequence[_Placed], number: int, canvas: Canvas) -> float:
    """Of what must stay on one page with this part."""
    is_title = isinstance(parts[number].block, Section) and number + 1 < len(parts)
    return parts[number + 1].block.height(canvas) if is_title else 0


def _with_larger_pictures(page: list[_Placed], canvas: Canvas, room: float) -> list[_Placed]:
    spare = room - sum(part.gap + part.block.height(canvas) for part in page)
    return [replace(part, block=_larger(part.block, spare)) if isinstance(part.block, Tiles) else part for part in page]


def _larger(tiles: Tiles, spare: float) -> Tiles:
    if not tiles.has_pictures:
        return tiles
    return replace(tiles, picture_height=min(MOST_PICTURE, tiles.picture_height + max(0.0, spare) / tiles.rows))


def _page(content: CardContent, page: list[_Placed], number: int, count: int, pixels_per_unit: float) -> Image:
    canvas = Canvas(pixels_per_unit)
    head, foot = _frame(content, number, count)
    top: float = _TOP
    for block in head:
        block.draw(canvas, top)
        top += block.height(canvas) + _GAP
    top -= _GAP
    for part in page:
        top += part.gap
        part.block.draw(canvas, top)
        top += part.block.height(canvas)
    foot.draw(canvas, _BOTTOM - foot.height(canvas))
    return canvas.image

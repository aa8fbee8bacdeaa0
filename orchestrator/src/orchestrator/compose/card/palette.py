"""The card's colours: dark, because it hangs beside mammograms; every pair keeps its contrast in greyscale."""

from __future__ import annotations

from typing import Final

Colour = tuple[int, int, int]
"""Red, green, blue, each 0 to 255."""

BACKGROUND: Final[Colour] = (11, 14, 18)
PANEL: Final[Colour] = (22, 27, 34)
LINE: Final[Colour] = (46, 54, 65)
TRACK: Final[Colour] = (36, 43, 53)
"""Of an empty bar."""

TEXT: Final[Colour] = (243, 246, 249)
SECONDARY: Final[Colour] = (178, 188, 200)
MUTED: Final[Colour] = (140, 151, 165)

ACCENT: Final[Colour] = (132, 220, 242)
"""The chosen category; nothing else."""

BAR: Final[Colour] = (92, 104, 120)
WARNING: Final[Colour] = (255, 196, 77)
WARNING_PANEL: Final[Colour] = (47, 37, 14)

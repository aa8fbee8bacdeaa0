"""Content items that stand for another item of the same tree (PS3.3 C.17.3.2.5)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from orchestrator.compose.check.reading import Item

IDENTIFIER: Final = "ReferencedContentItemIdentifier"

_ALLOWED: Final = frozenset({"1.2.840.10008.5.1.4.1.1.88.50"})
"""Mammography CAD SR (PS3.3 A.35.5.3.1.3); none of the other classes that we write."""


def target_of(root: Item, item: Item) -> Item | None:
    """What the item stands for; None where there is no such item, or the class allows none."""
    value = item.value(IDENTIFIER) or b""
    path = struct.unpack(f"<{len(value) // 4}I", value[: len(value) // 4 * 4])
    if path[:1] != (1,) or root.text("SOPClassUID") not in _ALLOWED or "ValueType" in item:
        return None
    found = root
    for number in path[1:]:
        children = found.items("ContentSequence")
        if not 1 <= number <= len(children):
            return None
        found = children[number - 1]
    return None if IDENTIFIER in found else found

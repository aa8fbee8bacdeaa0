"""UIDs that follow from what they name: `2.25.` and a name-based UUID (PS3.5 B.2)."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

_NAMESPACE: Final = UUID("6b1f4c0e-6d0f-5b0e-9a55-5d1f3f1c7a11")
"""Ours; changing it changes every UID."""

PLACEHOLDER_UID: Final = "2.25.0"
"""Stands for an object's own UIDs until its content, from which they follow, is complete."""


def uid_for(*parts: str) -> str:
    """The UID of whatever the parts name: the same parts, the same UID; other parts, another."""
    name = "".join(f"{len(part)}:{part}" for part in parts)
    return f"2.25.{uuid5(_NAMESPACE, name).int}"

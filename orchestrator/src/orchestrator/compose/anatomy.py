"""What part of the body a study shows: its code, and whether it has two sides (PS3.16 Annex L)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from orchestrator.compose.source_values import text_of
from orchestrator.compose.value_rules import fits
from wetread_contract.findings import Code

if TYPE_CHECKING:
    from pydicom import Dataset


@dataclass(frozen=True, slots=True)
class BodyPart:
    """One line of Table L-1."""

    code: Code
    paired: bool


def body_part_examined(source: Dataset) -> str:
    """Body Part Examined where the source has a valid one, `BREAST` for a mammogram, else empty."""
    found = text_of(source, "BodyPartExamined")
    if found and fits("CS", "1", found):
        return found
    return "BREAST" if text_of(source, "Modality") == "MG" else ""


def body_part(source: Dataset) -> BodyPart | None:
    """The part of the body by its defined term; None for one that the Standard does not list."""
    return _table().get(body_part_examined(source))


@cache
def _table() -> dict[str, BodyPart]:
    lines = json.loads((files("highdicom") / "_standard" / "anatomic_regions.json").read_text(encoding="utf-8"))
    return {
        term: BodyPart(Code(value, scheme, meaning), paired=paired)
        for term, (scheme, value, meaning, paired) in lines.items()
    }

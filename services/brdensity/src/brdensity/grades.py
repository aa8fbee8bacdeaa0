"""The four BI-RADS density categories and the codes that name them (PS3.16 CID 6000, 6001)."""

from __future__ import annotations

from wetread_contract.findings import Category, Code

BREAST_COMPOSITION = Code("129715009", "SCT", "Breast composition")
"""The concept that every classification of this service answers."""

GRADES = (
    Category(Code("129716005", "SCT", "Almost entirely fat"), "A"),
    Category(Code("129717001", "SCT", "Scattered fibroglandular densities"), "B"),
    Category(Code("129718006", "SCT", "Heterogeneously dense"), "C"),
    Category(Code("129719003", "SCT", "Extremely dense"), "D"),
)
"""From the least to the most dense: the index of a category is its rank and the network's output."""

LABELS = tuple(grade.label for grade in GRADES)
"""`A`, `B`, `C`, `D`."""


def rank(label: str) -> int:
    """The index of a grade in `GRADES`; `ValueError` for anything but A, B, C, D."""
    return LABELS.index(label)

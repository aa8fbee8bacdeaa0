"""The coded concepts and labels of mammography: views, their modifiers, and what an image type says.

Codes are those of PS3.16, in SNOMED CT and in SNOMED RT, which older objects carry; labels are the
ACR's, as the same tables give them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wetread_contract.values import Coded

if TYPE_CHECKING:
    from collections.abc import Mapping


def _codes(table: Mapping[str, tuple[str, str]]) -> Mapping[Coded, str]:
    by_code = {Coded(sct, "SCT"): name for name, (sct, _) in table.items()}
    return by_code | {Coded(srt, "SRT"): name for name, (_, srt) in table.items()}


VIEWS: Mapping[Coded, str] = _codes(
    {
        "CC": ("399162004", "R-10242"),
        "MLO": ("399368009", "R-10226"),
        "ML": ("399260004", "R-10224"),
        "LM": ("399352003", "R-10228"),
        "LMO": ("399099002", "R-10230"),
        "FB": ("399196006", "R-10244"),
        "SIO": ("399188001", "R-102D0"),
        "ISO": ("441555000", "R-40AAA"),
        "XCCL": ("399192008", "R-1024A"),
        "XCCM": ("399101009", "R-1024B"),
    }
)
"""CID 4014 without the specimen."""

VIEW_LABELS = tuple(sorted(set(VIEWS.values())))

SPECIMEN = frozenset({Coded("127457009", "SCT"), Coded("G-8310", "SRT")})
"""CID 4014, tissue specimen from breast: no view of a breast."""

IMPLANT_DISPLACED = "implant_displaced"
MAGNIFICATION = "magnification"
SPOT_COMPRESSION = "spot_compression"
PARTIAL_VIEW = "partial_view"
UNRECOGNISED = "unrecognised"
"""A modifier code outside CID 4015: whatever it is, the view is no plain one."""

MODIFIERS: Mapping[Coded, str] = _codes(
    {
        "cleavage": ("399161006", "R-102D2"),
        "axillary_tail": ("399011000", "R-102D1"),
        "rolled_lateral": ("399197002", "R-102D3"),
        "rolled_medial": ("399226006", "R-102D4"),
        "rolled_inferior": ("414493004", "R-102CA"),
        "rolled_superior": ("415670009", "R-102C9"),
        IMPLANT_DISPLACED: ("399209000", "R-102D5"),
        MAGNIFICATION: ("399163009", "R-102D6"),
        SPOT_COMPRESSION: ("399055006", "R-102D7"),
        "tangential": ("399110001", "R-102C2"),
        "nipple_in_profile": ("442581004", "R-40AB3"),
        "anterior_compression": ("441752004", "P2-00161"),
        "infra_mammary_fold": ("442593008", "R-40ABE"),
        "axillary_tissue": ("442580003", "R-40AB2"),
    }
)
"""CID 4015."""

MODIFIER_NAMES = tuple(sorted({*MODIFIERS.values(), PARTIAL_VIEW, UNRECOGNISED}))

_PREFIXES = {"M": MAGNIFICATION, "S": SPOT_COMPRESSION}
_SUFFIXES = {
    "CV": "cleavage",
    "AT": "axillary_tail",
    "RL": "rolled_lateral",
    "RM": "rolled_medial",
    "RI": "rolled_inferior",
    "RS": "rolled_superior",
    "ID": IMPLANT_DISPLACED,
    "TAN": "tangential",
}
"""ACR labels of CID 4015; M and S stand before the view, the others behind it."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a technologist's label says."""

    side: str
    """L, R or empty."""
    view: str
    modifiers: frozenset[str]


_LABEL_PARTS = [
    re.compile(rf"(?P<side>[LR]?)(?P<before>[MS]*)(?P<view>{view})(?P<behind>({'|'.join(_SUFFIXES)})*)")
    for view in VIEW_LABELS
]
_BEHIND = re.compile("|".join(_SUFFIXES))


def read_label(text: str) -> Label | None:
    """Return what a View Position such as `LMLO`, `RCCID` or `MCC` says, None unless all of it is understood.

    Nothing is cut to fit: `LMO` is latero-medial oblique, not a left view of something, and what
    can be read in two ways is not read at all.
    """
    text = re.sub(r"[ _-]", "", text)
    readings = {_label(found) for pattern in _LABEL_PARTS if (found := pattern.fullmatch(text))}
    return readings.pop() if len(readings) == 1 else None


def _label(found: re.Match[str]) -> Label:
    modifiers = {_PREFIXES[letter] for letter in found["before"]}
    modifiers |= {_SUFFIXES[part] for part in _BEHIND.findall(found["behind"])}
    return Label(found["side"], found["view"], frozenset(modifiers))


DIGITAL_MAMMOGRAPHY = frozenset({"1.2.840.10008.5.1.4.1.1.1.2", "1.2.840.10008.5.1.4.1.1.1.2.1"})
"""Digital Mammography X-Ray Image, for presentation and for processing (PS3.4 B.5)."""

KIND_BY_SOP_CLASS: Mapping[str, str] = {
    "1.2.840.10008.5.1.4.1.1.13.1.3": "tomosynthesis",
    "1.2.840.10008.5.1.4.1.1.13.1.4": "projection",
    "1.2.840.10008.5.1.4.1.1.13.1.5": "projection",
    "1.2.840.10008.5.1.4.1.1.1": "cr",
    "1.2.840.10008.5.1.4.1.1.7": "secondary_capture",
    "1.2.840.10008.5.1.4.1.1.7.1": "secondary_capture",
    "1.2.840.10008.5.1.4.1.1.7.2": "secondary_capture",
    "1.2.840.10008.5.1.4.1.1.7.3": "secondary_capture",
    "1.2.840.10008.5.1.4.1.1.7.4": "secondary_capture",
    "1.2.840.10008.5.1.4.1.1.2": "tomosynthesis",
}
"""What a SOP class alone tells of an object with Modality MG (PS3.4 B.5); volumes of early
tomosynthesis systems are CT Image objects."""

BREAST_SOP_CLASSES = DIGITAL_MAMMOGRAPHY | {uid for uid in KIND_BY_SOP_CLASS if ".13.1." in uid}
"""Objects that are of a breast whatever their Modality says."""

STEREO_PREFIXES = ("STEREO", "PREFIRE", "POSTFIRE", "POSTMARKER", "TOMO_SCOUT")
"""Image Type value 3 of biopsy guidance (PS3.3 tables C.8-74a and C.8.21.6-1a)."""

CONTRAST_VALUES = frozenset({"LOW_ENERGY", "HIGH_ENERGY", "SUBTRACTION", "POST_CONTRAST"})
"""Image Type values of contrast-enhanced mammography, at whatever position (PS3.3 tables C.8-74d, C.8-74e)."""

SYNTHETIC_NAMES = re.compile(r"(?i)\b(C-?View|Intelligent 2D|S-?View|V-?Preview|Insight 2D)\b")
"""Trade names in Series Description by which synthetic 2D images without GENERATED_2D are known."""

MAGNIFIED_FROM = 1.3
"""Estimated Radiographic Magnification Factor: contact views have 1.03 to 1.1, stands 1.5 and more."""

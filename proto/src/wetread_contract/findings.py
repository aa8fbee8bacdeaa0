"""What a model can say about a study: the frozen types behind `wetread/v1/findings.proto`.

Every value is checked when it is made, so that whoever holds one may rely on it; `ValueError` says
what is wrong. The terms are those of PS3.3 (8.8 for codes, C.18.6 for coordinates) and PS3.16.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CALIBRATION_TOLERANCE = 1e-3
"""How far calibrated scores may add up to something else than 1: float32 and a few categories."""


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept (PS3.3 8.8)."""

    value: str
    scheme: str
    """Coding scheme designator (PS3.16 8): `SCT`, `DCM`, `UCUM`, `99…` for private ones."""
    meaning: str
    """At most 64 characters: what a reader sees."""

    def __post_init__(self) -> None:
        for part, limit in ((self.value, 16), (self.scheme, 16), (self.meaning, 64)):
            if not part or len(part) > limit or part != part.strip() or "\\" in part:
                msg = f"code part {part!r} must be 1 to {limit} characters without padding or backslash"
                raise ValueError(msg)


class ScopeLevel(StrEnum):
    """The part of a study that a finding speaks of."""

    STUDY = "study"
    LATERALITY = "laterality"
    SERIES = "series"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a finding speaks of, in terms of the DICOM hierarchy."""

    level: ScopeLevel = ScopeLevel.STUDY
    laterality: str = ""
    """`L`, `R` or `B` (PS3.3 C.7.3.1); mandatory with `laterality`, empty where it has no meaning."""
    series_instance_uid: str = ""
    """Mandatory with `series` and `instance`."""
    sop_instance_uid: str = ""
    """Mandatory with `instance`."""

    def __post_init__(self) -> None:
        if self.laterality not in {"", "L", "R", "B"}:
            msg = f"laterality {self.laterality!r} must be L, R, B or empty"
            raise ValueError(msg)
        if self.level is ScopeLevel.LATERALITY and not self.laterality:
            msg = "a finding about one side must say which"
            raise ValueError(msg)
        if self.level in {ScopeLevel.SERIES, ScopeLevel.INSTANCE} and not self.series_instance_uid:
            msg = f"a finding about one {self.level} must name its series_instance_uid"
            raise ValueError(msg)
        if self.level is ScopeLevel.INSTANCE and not self.sop_instance_uid:
            msg = "a finding about one instance must name its sop_instance_uid"
            raise ValueError(msg)


WHOLE_STUDY = Scope()


@dataclass(frozen=True, slots=True)
class Category:
    """One of the answers that a classification can give."""

    code: Code
    label: str
    """Short, for people: `B`."""


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """The model's number for one category."""

    category: Category
    score: float
    """0 to 1."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.score <= 1.0:
            msg = f"score of {self.category.label} is {self.score}, must be within 0 and 1"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Classification:
    """One of several categories."""

    concept: Code
    chosen: Category
    scores: tuple[CategoryScore, ...] = ()
    """Every category in the model's order, the chosen one included; or none."""
    calibrated: bool = False
    """Only then are scores reported as probabilities; they add up to 1 within 1e-3."""
    scope: Scope = WHOLE_STUDY

    def __post_init__(self) -> None:
        if self.scores and self.chosen not in [scored.category for scored in self.scores]:
            msg = f"chosen category {self.chosen.label} is not among the scored ones"
            raise ValueError(msg)
        total = sum(scored.score for scored in self.scores)
        if self.calibrated and abs(total - 1.0) > CALIBRATION_TOLERANCE:
            msg = f"calibrated scores add up to {total:.4f}, must be 1"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A number with a unit."""

    concept: Code
    value: float
    unit: Code
    """UCUM."""
    scope: Scope = WHOLE_STUDY


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence or more."""

    concept: Code
    text: str
    scope: Scope = WHOLE_STUDY


class Verdict(StrEnum):
    """How far the other findings can be trusted."""

    ACCEPTABLE = "acceptable"
    LIMITED = "limited"
    UNACCEPTABLE = "unacceptable"


@dataclass(frozen=True, slots=True)
class Quality:
    """Something about the input that limits the trust in the other findings."""

    concept: Code
    verdict: Verdict
    reason: str = ""
    scope: Scope = WHOLE_STUDY


class Shape(StrEnum):
    """How the points of a region are read (PS3.3 C.18.6.1.2)."""

    POINT = "point"
    POLYLINE = "polyline"
    ELLIPSE = "ellipse"


@dataclass(frozen=True, slots=True)
class Region:
    """A part of one instance."""

    concept: Code
    shape: Shape
    points: tuple[tuple[float, float], ...]
    """(column, row) in pixels, origin at the top left corner of the top left pixel (PS3.3 C.18.6)."""
    scope: Scope
    frame: int = 0
    """1-based; 0 in single-frame instances."""
    score: float = 0.0
    label: str = ""


@dataclass(frozen=True, slots=True)
class MaskPlane:
    """A mask for one frame."""

    sop_instance_uid: str
    rows: int
    columns: int
    bits: bytes
    """Row by row, most significant bit first, each row padded to a whole byte."""
    frame: int = 0

    def __post_init__(self) -> None:
        expected = self.rows * ((self.columns + 7) // 8)
        if len(self.bits) != expected:
            msg = f"mask of {self.rows} × {self.columns} has {len(self.bits)} bytes, must have {expected}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Segmentation:
    """One mask over one or more frames."""

    category: Code
    """PS3.16 CID 7150."""
    type: Code
    label: str
    planes: tuple[MaskPlane, ...]
    scope: Scope = WHOLE_STUDY


Finding = Classification | Measurement | Text | Quality | Region | Segmentation


@dataclass(frozen=True, slots=True)
class Findings:
    """What a model answers about an input that it can read."""

    findings: tuple[Finding, ...]
    notices: tuple[str, ...] = ()
    """Sentences that every result made from this must show."""


@dataclass(frozen=True, slots=True)
class Unsuitable:
    """The model will never be able to read this input: a result, not an error."""

    code: str
    """For machines: lower case, digits and underscores."""
    reason: str
    """For people, without any value that identifies a patient."""


Answer = Findings | Unsuitable

"""What the rules of one declaration say about one study (or one of its series): the answer's shape.

A miss is not an error: it is an answer with reasons. Nothing here holds a value of an identifying
attribute.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Outcome(StrEnum):
    """What becomes of a study for one model."""

    MATCHED = "MATCHED"
    """A job is made."""
    MISSED = "MISSED"
    """Nothing in it is what the model asks for; the reasons say why."""
    INCOMPLETE = "INCOMPLETE"
    """Something is, but a requirement is not met yet: judged again when the study grows."""
    UNSUITABLE = "UNSUITABLE"
    """The requirement will not be met any more, or the model's own exclusion leaves nothing."""


@dataclass(frozen=True, slots=True)
class InstanceReference:
    """Which object is meant (PS3.3 C.12.1)."""

    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class SelectedInstance:
    """An instance that the model gets."""

    reference: InstanceReference
    facts: Mapping[str, str] = field(default_factory=dict)
    """The derived attributes that place it among the others: `{"mg.laterality": "R", "mg.view": "CC"}`."""


@dataclass(frozen=True, slots=True)
class LeftOutInstance:
    """An instance that the model does not get, and why."""

    reference: InstanceReference
    reason: str
    """A few words for people: `mg.kind is synthetic, not ffdm`, `older repeat`."""
    facts: Mapping[str, str] = field(default_factory=dict)


class Truth(StrEnum):
    """Three-valued: an absent attribute makes a condition unknown."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Clause:
    """One node of the explanation: how many instances a clause was true, false and unknown for."""

    text: str
    """In words: `SliceThickness at_most 3.0`."""
    true: int
    false: int
    unknown: int
    example: str | None = None
    """One offending value; never of an identifying attribute."""
    children: tuple[Clause, ...] = ()
    of: str = "instances"
    """What is counted: instances, combinations of `each_of`, alternatives of `either`."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer of one declaration about one study, or with `level: series` about one series."""

    outcome: Outcome
    selected: tuple[SelectedInstance, ...] = ()
    """In the declaration's order: by `each_of` combination, else by series and instance number."""
    left_out: tuple[LeftOutInstance, ...] = ()
    reasons: tuple[str, ...] = ()
    """Sentences for people: `missing: R MLO`."""
    tree: tuple[Clause, ...] = ()
    series_instance_uid: str = ""
    """Set with `level: series`."""

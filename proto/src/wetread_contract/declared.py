"""The parts of a declaration that are plain facts: stage, level, limits, resources, regulation, examples."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Stage(StrEnum):
    """How far a model has come."""

    DEMONSTRATION = "demonstration"
    """Shows that the chain works: never sent to a destination that is not marked as a test."""
    RESEARCH = "research"
    PRODUCT = "product"


class Level(StrEnum):
    """What one call is about."""

    STUDY = "study"
    SERIES = "series"


_UNITS = {"": 1, "B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def _bytes(written: object) -> object:
    """Read `2GiB` or `500 MB`; what is no size is left for pydantic to refuse."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([A-Za-z]*)", str(written))
    if not found or found[2] not in _UNITS:
        raise ValueError(f"`{written}` is no size; write digits and one of {', '.join(filter(None, _UNITS))}")
    return int(float(found[1]) * _UNITS[found[2]])


class Part(BaseModel):
    """Something that is written in a declaration and never changes; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Limits(Part):
    """What one endpoint takes."""

    concurrency: Annotated[int, Field(ge=1, le=1024)] = 1
    """Calls at once per endpoint, enforced before any pixel flows. Default 1: one study at a time is always safe."""
    deadline_s: Annotated[float, Field(gt=0, le=86400)] = 120.0
    """Seconds that one call may take. Default 120: a study of four mammograms takes two on a CPU."""
    max_bytes: Annotated[int, BeforeValidator(_bytes), Field(ge=1)] = 2 << 30
    """Bytes of one call's instances; digits, or with a unit: `2GiB`. Default 2 GiB."""


class Resources(Part):
    """What the container runs on."""

    gpu: Literal["none", "optional", "required"] = "none"
    """Whether an accelerator is used. Default none."""


class Regulatory(Part):
    """What authorities say about the model."""

    status: str = ""
    """Such as `CE marked, class IIa`; empty: not a medical device."""
    number: str = ""
    """Certificate or clearance number."""
    udi: str = ""
    """Unique device identifier."""


class Examples(Part):
    """Headers of instances for which the author knows the answer."""

    match: tuple[dict[str, Any], ...] = ()
    """Each must be selected and not excluded."""
    miss: tuple[dict[str, Any], ...] = ()
    """None must be selected."""

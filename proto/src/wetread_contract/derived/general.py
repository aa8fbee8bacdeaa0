"""Derived attributes of any modality: plane, spacing of slices, frames, age at the study."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import date
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from wetread_contract.held import Held, known, unknown
from wetread_contract.values import Age

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wetread_contract.headers import Headers

PLANES = ("axial", "coronal", "sagittal", "oblique")

WITHIN_A_PLANE = math.cos(math.radians(20))
"""A slice whose normal is within 20° of a body axis is called by that plane; tilted gantries are."""

SAME_PLACE_MM = 0.01
"""Slices nearer than this are at one place: repeats, phases, echoes."""

GAP = 1.5
"""A step of more than this many spacings has lost a slice."""


def plane(headers: Headers) -> Held:
    """Return the plane from Image Orientation (Patient) (PS3.3 C.7.6.2.1.1)."""
    normal = _normal(headers)
    if normal is None:
        return unknown("ImageOrientationPatient is absent or malformed")
    for name, along in zip(("sagittal", "coronal", "axial"), normal, strict=True):
        if abs(along) >= WITHIN_A_PLANE:
            return known(name)
    return known("oblique")


def _geometry(headers: Headers, keyword: str, count: int) -> list[float] | None:
    """Return numbers of this instance, or of the shared functional groups of a multi-frame one."""
    numbers = [value for value in headers.values(keyword) if isinstance(value, float)]
    if len(numbers) == count:
        return numbers
    for shared in headers.items("SharedFunctionalGroupsSequence"):
        for item in shared.items("PlaneOrientationSequence"):
            return _geometry(item, keyword, count)
    return None


def _normal(headers: Headers) -> tuple[float, float, float] | None:
    """Cross product of row and column direction, of length 1."""
    cosines = _geometry(headers, "ImageOrientationPatient", 6)
    if cosines is None:
        return None
    (ax, ay, az), (bx, by, bz) = cosines[:3], cosines[3:]
    normal = (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    length = math.hypot(*normal)
    if not math.isclose(length, 1.0, abs_tol=0.1):
        return None
    return (normal[0] / length, normal[1] / length, normal[2] / length)


def _steps(series: Sequence[Headers]) -> list[float]:
    """Return the distances of neighbouring slices along their normal, in mm; none where a position is missing."""
    normal = _normal(series[0])
    if normal is None:
        return []
    places: set[float] = set()
    for headers in series:
        position = _geometry(headers, "ImagePositionPatient", 3)
        if position is None:
            return []
        along = sum(a * b for a, b in zip(normal, position, strict=True))
        places.add(round(along / SAME_PLACE_MM) * SAME_PLACE_MM)
    return [behind - before for before, behind in pairwise(sorted(places))]


def _per_series(instances: Sequence[Headers], measure: Callable[[list[float]], float]) -> Sequence[Held]:
    """Return what is measured of each instance's series."""
    series: dict[str, list[Headers]] = defaultdict(list)
    for headers in instances:
        series[headers.series_instance_uid].append(headers)
    found = {}
    for uid, members in series.items():
        steps = _steps(members)
        found[uid] = known(measure(steps)) if steps else unknown("fewer than two slices with a position")
    return [found[headers.series_instance_uid] for headers in instances]


def slice_spacing_mm(instances: Sequence[Headers]) -> Sequence[Held]:
    """Return the usual distance of neighbouring slices of each instance's series, from positions, in mm."""
    return _per_series(instances, lambda steps: round(median(steps), 3))


def slice_gaps(instances: Sequence[Headers]) -> Sequence[Held]:
    """Return how often neighbouring slices of each instance's series are farther apart than usual."""
    return _per_series(instances, lambda steps: float(sum(step > GAP * median(steps) for step in steps)))


def frames(headers: Headers) -> Held:
    """Return Number of Frames; an object without it has one (PS3.3 C.7.6.6)."""
    found = headers.values("NumberOfFrames")
    if not found:
        return known(1.0)
    return known(found[0]) if isinstance(found[0], float) else unknown("NumberOfFrames is malformed")


def age_at_study(headers: Headers) -> Held:
    """Return completed months from birth date to study date, else Patient Age; days below one month."""
    born, studied = headers.value("PatientBirthDate"), headers.value("StudyDate")
    if isinstance(born, date) and isinstance(studied, date) and born <= studied:
        months = (studied.year - born.year) * 12 + studied.month - born.month - (studied.day < born.day)
        return known(Age(months, "M") if months else Age((studied - born).days, "D"))
    age = headers.value("PatientAge")
    return known(age) if isinstance(age, Age) else unknown("neither PatientBirthDate nor PatientAge")

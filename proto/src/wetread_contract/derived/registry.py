"""Every derived attribute by name, as data: what it can be and how it is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wetread_contract.derived import general, mg, mg_codes
from wetread_contract.dictionary import tag
from wetread_contract.values import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wetread_contract.elements import Written
    from wetread_contract.headers import Headers
    from wetread_contract.held import Held


@dataclass(frozen=True, slots=True)
class DerivedAttribute:
    """Something that rules can speak of and no single attribute holds."""

    name: str
    kind: Kind
    meaning: str
    """One line for the documentation and the JSON Schema."""
    derive: Callable[[Sequence[Headers]], Sequence[Held]]
    """For each of the instances of one study that take part."""
    vocabulary: tuple[str, ...] = ()
    """All values that it can have; empty where it is a number or an age."""
    multiple: bool = False


def _alone(derive: Callable[[Headers], Held], *reads: str) -> Callable[[Sequence[Headers]], Sequence[Held]]:
    """Return the reading of a whole study of something that one instance tells by itself.

    With the keywords of everything that it reads, instances that agree in them are read once.
    """
    tags = [found for keyword in reads if (found := tag(keyword))]

    def derived(instances: Sequence[Headers]) -> Sequence[Held]:
        if not tags:
            return [derive(headers) for headers in instances]
        known: dict[tuple[Written | None, ...], Held] = {}
        found = []
        for headers in instances:
            key = tuple(headers.written(one) for one in tags)
            if key not in known:
                known[key] = derive(headers)
            found.append(known[key])
        return found

    return derived


DERIVED: Mapping[str, DerivedAttribute] = {
    one.name: one
    for one in (
        DerivedAttribute("mg.kind", Kind.TEXT, "how the mammogram came about", _alone(mg.kind), mg.KINDS),
        DerivedAttribute("mg.view", Kind.TEXT, "ACR label of the view", _alone(mg.view), mg_codes.VIEW_LABELS),
        DerivedAttribute("mg.laterality", Kind.TEXT, "side of the breast", _alone(mg.laterality), mg.LATERALITIES),
        DerivedAttribute(
            "mg.modifiers",
            Kind.TEXT,
            "what makes the view other than plain",
            _alone(mg.modifiers),
            mg_codes.MODIFIER_NAMES,
            multiple=True,
        ),
        DerivedAttribute("mg.implant", Kind.TEXT, "implant of this breast", mg.implant, mg.IMPLANTS),
        DerivedAttribute(
            "plane",
            Kind.TEXT,
            "plane of the slice",
            _alone(general.plane, "ImageOrientationPatient", "SharedFunctionalGroupsSequence"),
            general.PLANES,
        ),
        DerivedAttribute(
            "slice_spacing_mm", Kind.NUMBER, "distance of neighbouring slices in mm", general.slice_spacing_mm
        ),
        DerivedAttribute("slice_gaps", Kind.NUMBER, "places where slices are missing", general.slice_gaps),
        DerivedAttribute(
            "frames",
            Kind.NUMBER,
            "number of frames, 1 where the header is silent",
            _alone(general.frames, "NumberOfFrames"),
        ),
        DerivedAttribute(
            "age_at_study",
            Kind.AGE,
            "age on Study Date",
            _alone(general.age_at_study, "PatientBirthDate", "StudyDate", "PatientAge"),
        ),
    )
}

"""What an object of mammography is: kind, view, laterality, modifiers, implant.

Each is read from everything in the header that tells it; where two places contradict each other,
the answer is unknown, because no guess is safe.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wetread_contract.derived import mg_codes
from wetread_contract.held import Held, known, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wetread_contract.headers import Headers

KINDS = (
    "ffdm",
    "synthetic",
    "tomosynthesis",
    "projection",
    "contrast",
    "stereo",
    "specimen",
    "cr",
    "secondary_capture",
    "other",
)
LATERALITIES = ("L", "R", "B")
IMPLANTS = ("none", "displaced", "not_displaced")


def kind(headers: Headers) -> Held:
    """Say how the picture came about (PS3.3 C.8.11.7, C.8.21.6)."""
    if headers.modality != "MG" and headers.sop_class_uid not in mg_codes.BREAST_SOP_CLASSES:
        return known("other")
    if headers.sop_class_uid in mg_codes.DIGITAL_MAMMOGRAPHY:
        return known(_kind_of_digital_mammogram(headers))
    return known(mg_codes.KIND_BY_SOP_CLASS.get(headers.sop_class_uid, "other"))


def _kind_of_digital_mammogram(headers: Headers) -> str:
    image_type = {value for value in headers.values("ImageType")[2:] if isinstance(value, str)}
    frames = headers.value("NumberOfFrames")
    volume = isinstance(frames, float) and frames > 1
    signs = {
        "specimen": bool(mg_codes.SPECIMEN & set(headers.codes("ViewCodeSequence"))),
        "stereo": any(value.startswith(mg_codes.STEREO_PREFIXES) for value in image_type),
        "synthetic": "GENERATED_2D" in image_type
        or bool(mg_codes.SYNTHETIC_NAMES.search(headers.text("SeriesDescription"))),
        "projection": "TOMO_PROJ" in image_type,
        "contrast": bool(mg_codes.CONTRAST_VALUES & image_type) or _has_contrast_agent(headers),
        "tomosynthesis": volume or "TOMOSYNTHESIS" in image_type,
    }
    return next((name for name, seen in signs.items() if seen), "ffdm")


def _has_contrast_agent(headers: Headers) -> bool:
    """Contrast/Bolus Module (PS3.3 C.7.6.4): Type 2, so empty says nothing."""
    return bool(headers.text("ContrastBolusAgent") or headers.items("ContrastBolusAgentSequence"))


def view(headers: Headers) -> Held:
    """Return the view's ACR label from View Code Sequence (CID 4014), else from View Position."""
    codes = set(headers.codes("ViewCodeSequence"))
    if codes & mg_codes.SPECIMEN:
        return unknown("a specimen has no view")
    views = {mg_codes.VIEWS.get(code) if code else None for code in codes}
    if None in views:
        return unknown("ViewCodeSequence has a code outside CID 4014")
    written = headers.text("ViewPosition")
    label = mg_codes.read_label(written) if written else None
    if written and label is None:
        return unknown("ViewPosition is not understood")
    if label:
        views.add(label.view)
    return _agreed(views, "ViewCodeSequence and ViewPosition name different views", "no attribute names the view")


def laterality(headers: Headers) -> Held:
    """Return the side from Image Laterality, else Frame Laterality, else Laterality, unless they disagree."""
    label = mg_codes.read_label(headers.text("ViewPosition"))
    told = [headers.text("ImageLaterality"), *_frame_lateralities(headers), headers.text("Laterality")]
    sides = {side for side in told if side in LATERALITIES}
    if label and label.side and sides:
        sides.add(label.side)
    return _agreed(
        sides,
        "ImageLaterality, FrameLaterality, Laterality and ViewPosition name different sides",
        "no attribute names the side",
    )


def _frame_lateralities(headers: Headers) -> Iterable[str]:
    """Frame Anatomy macro of the shared functional groups (PS3.3 C.7.6.16.2.8)."""
    for shared in headers.items("SharedFunctionalGroupsSequence"):
        for anatomy in shared.items("FrameAnatomySequence"):
            yield anatomy.text("FrameLaterality")


def _agreed(told: Iterable[str | None], conflict: str, nothing: str) -> Held:
    different = {value for value in told if value}
    if len(different) > 1:
        return unknown(conflict)
    return known(different.pop()) if different else unknown(nothing)


def modifiers(headers: Headers) -> Held:
    """Return what makes the view other than a plain one (CID 4015), sorted; empty for a plain view."""
    found = {*_coded_modifiers(headers), *_geometry_modifiers(headers)}
    label = mg_codes.read_label(headers.text("ViewPosition"))
    if label:
        found |= label.modifiers
    return known(*sorted(found))


def _coded_modifiers(headers: Headers) -> Iterable[str]:
    """View Modifier Code Sequence, nested in the view's item or, in some objects, beside it."""
    for holder in (headers, *headers.items("ViewCodeSequence")):
        for code in holder.codes("ViewModifierCodeSequence"):
            yield mg_codes.MODIFIERS.get(code, mg_codes.UNRECOGNISED) if code else mg_codes.UNRECOGNISED


def _geometry_modifiers(headers: Headers) -> Iterable[str]:
    """What stand, paddle and mosaic tell where no code does."""
    factor = headers.value("EstimatedRadiographicMagnificationFactor")
    paddle = headers.text("PaddleDescription").upper()
    if "MAG" in paddle or (isinstance(factor, float) and factor >= mg_codes.MAGNIFIED_FROM):
        yield mg_codes.MAGNIFICATION
    if "SPOT" in paddle:
        yield mg_codes.SPOT_COMPRESSION
    if headers.text("PartialView") == "YES" or headers.items("PartialViewCodeSequence"):
        yield mg_codes.PARTIAL_VIEW


def implant(instances: Sequence[Headers]) -> Sequence[Held]:
    """Say for each instance whether its breast has an implant and whether it is displaced in it.

    Breast Implant Present is YES on displaced views too (PS3.3 C.8.21.6), and not every picture of
    a breast says so: one picture of the same side that does decides for all of them.
    """
    pictures = [_picture(headers) for headers in instances]
    by_side: dict[str, set[str]] = defaultdict(set)
    for picture in pictures:
        by_side[picture.side].add(picture.says)
    return [_implant(picture, by_side[picture.side] if picture.side else {picture.says}) for picture in pictures]


@dataclass(frozen=True, slots=True)
class _Picture:
    side: str
    """Empty where it is unknown."""
    displaced: bool
    says: str
    """YES, NO or empty."""


def _picture(headers: Headers) -> _Picture:
    side = laterality(headers)
    displaced = mg_codes.IMPLANT_DISPLACED in modifiers(headers).values
    says = "YES" if displaced else headers.text("BreastImplantPresent")
    return _Picture(str(side.values[0]) if side.present else "", displaced, says)


def _implant(picture: _Picture, said: set[str]) -> Held:
    if picture.displaced:
        return known("displaced")
    if "YES" in said:
        return known("not_displaced")
    return known("none") if "NO" in said else unknown("BreastImplantPresent is absent")

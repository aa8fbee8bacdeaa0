"""Compositions for tests: what a model could have said about the synthetic studies of `dicom_factories`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
from PIL import Image
from tests import dicom_factories

from orchestrator.handoffs import (
    Composition,
    CompositionSettings,
    Digest,
    JobKey,
    ModelIdentity,
    Prediction,
    Preview,
)
from wetread_contract.declaration import Declaration
from wetread_contract.findings import (
    WHOLE_STUDY,
    Category,
    CategoryScore,
    Classification,
    Code,
    Finding,
    Findings,
    MaskPlane,
    Measurement,
    Quality,
    Scope,
    ScopeLevel,
    Segmentation,
    Text,
    Verdict,
)
from wetread_contract.judgement import InstanceReference, LeftOutInstance, SelectedInstance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom import Dataset

    from wetread_contract.findings import Answer

Change = Any
"""Another value of a field."""

BREAST_COMPOSITION = Code("129715009", "SCT", "Breast composition")
DENSITIES = (
    Category(Code("129716005", "SCT", "Almost entirely fat"), "A"),
    Category(Code("129717001", "SCT", "Scattered fibroglandular densities"), "B"),
    Category(Code("129718006", "SCT", "Heterogeneously dense"), "C"),
    Category(Code("129719003", "SCT", "Extremely dense"), "D"),
)
COMMENT = Code("121106", "DCM", "Comment")
MILLIMETRE = Code("mm", "UCUM", "mm")
PERCENT = Code("%", "UCUM", "%")
NOTICE = "demonstration weights, not for clinical use"
RECEIVED_AT = datetime(2026, 3, 2, 9, 42, tzinfo=UTC)

Scores = tuple[float, float, float, float]
SURELY_C: Scores = (0.01, 0.12, 0.79, 0.08)
BARELY_C: Scores = (0.02, 0.43, 0.48, 0.07)
RATHER_B: Scores = (0.06, 0.64, 0.27, 0.03)


def declaration(**changes: Change) -> Declaration:
    """A declaration of a model that grades density."""
    said = {
        "schema": 1,
        "name": "brdensity",
        "version": "1.0.0",
        "title": "BI-RADS breast density",
        "stage": "demonstration",
        "intended_use": "Shows how a model is run; for no clinical use.",
    }
    return Declaration.model_validate({**said, **changes})


def density(scores: Scores = SURELY_C, scope: Scope = WHOLE_STUDY, *, calibrated: bool = True) -> Classification:
    """The best-scored category."""
    chosen = DENSITIES[max(range(4), key=scores.__getitem__)]
    scored = tuple(CategoryScore(category, score) for category, score in zip(DENSITIES, scores, strict=True))
    return Classification(BREAST_COMPOSITION, chosen, scored, calibrated, scope)


def breast(side: str) -> Scope:
    """One side."""
    return Scope(ScopeLevel.LATERALITY, side)


def of_instance(selected: SelectedInstance) -> Scope:
    """One view."""
    reference = selected.reference
    return Scope(
        ScopeLevel.INSTANCE,
        selected.facts.get("mg.laterality", ""),
        reference.series_instance_uid,
        reference.sop_instance_uid,
    )


def reference_of(dataset: Dataset) -> InstanceReference:
    """The dataset's four UIDs."""
    return InstanceReference(
        str(dataset.StudyInstanceUID),
        str(dataset.SeriesInstanceUID),
        str(dataset.SOPClassUID),
        str(dataset.SOPInstanceUID),
    )


def selected_of(dataset: Dataset) -> SelectedInstance:
    """With the derived attributes of a mammogram, or none."""
    facts = {}
    if dataset.Modality == "MG":
        facts = {"mg.laterality": str(dataset.ImageLaterality), "mg.view": str(dataset.ViewPosition)}
    return SelectedInstance(reference_of(dataset), facts)


def density_findings(
    selected: Sequence[SelectedInstance], right: Scores = SURELY_C, left: Scores = RATHER_B, *, calibrated: bool = True
) -> tuple[Finding, ...]:
    """Study (the right breast's), each side, each view."""
    of_side = {"R": right, "L": left}
    return (
        density(right, calibrated=calibrated),
        density(right, breast("R"), calibrated=calibrated),
        density(left, breast("L"), calibrated=calibrated),
        *(density(of_side[each.facts["mg.laterality"]], of_instance(each), calibrated=calibrated) for each in selected),
    )


def every_kind_of_finding(selected: Sequence[SelectedInstance]) -> tuple[Finding, ...]:
    """Classification, measurement, text and quality, at several scopes."""
    first = selected[0]
    return (
        Measurement(Code("111046", "DCM", "Percent Breast Density"), 23.4, PERCENT),
        Measurement(Code("410668003", "SCT", "Length"), 12.25, MILLIMETRE, of_instance(first)),
        Text(COMMENT, "Nothing else was seen."),
        Quality(Code("111101", "DCM", "Image Quality"), Verdict.LIMITED, "low contrast", of_instance(first)),
        Quality(Code("111101", "DCM", "Image Quality"), Verdict.ACCEPTABLE),
        Classification(
            Code("373572006", "SCT", "Clinical finding"),
            Category(Code("2667000", "SCT", "Absent"), "absent"),
            scope=Scope(ScopeLevel.SERIES, series_instance_uid=first.reference.series_instance_uid),
        ),
    )


def composition(answer: Answer | None = None, source: Dataset | None = None, **changes: Change) -> Composition:
    """A four-view study graded C (right) and B (left); `source` gives another patient, `changes` other fields."""
    study = [dicom_factories.headers_of(image) for image in dicom_factories.four_view_study()]
    selected = tuple(selected_of(image) for image in study)
    given = answer or Findings(density_findings(selected), (NOTICE,))
    made = Composition(
        job_key=JobKey("5e" * 32),
        model=ModelIdentity("brdensity", "1.0.0", Digest("1f" * 32), Digest("2e" * 32)),
        declaration=declaration(),
        prediction=Prediction(given, Digest("1f" * 32), 1.2, "models:50051", RECEIVED_AT),
        source=study[0] if source is None else source,
        selected=selected,
        left_out=(),
        previews={},
        settings=CompositionSettings(ZoneInfo("Europe/Berlin")),
        wetread_version="0.1.0",
    )
    return replace(made, **changes)


def composition_of(*study: Dataset, answer: Answer | None = None, **changes: Change) -> Composition:
    """A composition that rests on these images; without an answer, one measurement of the study."""
    given = answer or Findings((Measurement(Code("410668003", "SCT", "Length"), 12.25, MILLIMETRE),))
    selected = tuple(selected_of(image) for image in study)
    return composition(given, study[0], selected=selected, **changes)


LESION = (Code("49755003", "SCT", "Morphologically Abnormal Structure"), Code("4147007", "SCT", "Mass"))
TISSUE = (Code("85756007", "SCT", "Tissue"), Code("10546003", "SCT", "Glandular structure of breast"))


def mask(image: Dataset, pixels: np.ndarray[Any, np.dtype[Any]] | None = None, frame: int = 0) -> MaskPlane:
    """A mask over one image; without pixels, of a square in its middle."""
    rows, columns = int(image.Rows), int(image.Columns)
    if pixels is None:
        pixels = np.zeros((rows, columns), np.uint8)
        pixels[rows // 4 : rows // 2, columns // 3 : 2 * columns // 3] = 1
    bits = np.packbits(pixels, axis=1).tobytes()
    return MaskPlane(str(image.SOPInstanceUID), pixels.shape[0], pixels.shape[1], bits, frame)


def masked(*study: Dataset, masks: tuple[Segmentation, ...] = (), **changes: Change) -> Composition:
    """What a model says that finds the same two structures in each image; `masks` are others."""
    planes = tuple(mask(image) for image in study)
    given = masks or (Segmentation(*LESION, "mass", planes), Segmentation(*TISSUE, "gland", planes[:1]))
    headers = [dicom_factories.headers_of(image) for image in study]
    sources = {str(header.SOPInstanceUID): header for header in headers}
    return composition_of(*headers, answer=Findings(given), sources=sources, **changes)


def left_out(selected: SelectedInstance, reason: str) -> LeftOutInstance:
    """An instance beside the selected ones."""
    reference = replace(
        selected.reference, sop_instance_uid=dicom_factories.synthetic_uid(selected.reference.sop_instance_uid, "other")
    )
    return LeftOutInstance(reference, reason, selected.facts)


def phantom_previews(selected: Sequence[SelectedInstance]) -> dict[str, Preview]:
    """Soft half ellipses with a texture, by SOP instance UID; nobody's breast."""
    return {each.reference.sop_instance_uid: _phantom(number, each) for number, each in enumerate(selected)}


def _phantom(number: int, selected: SelectedInstance, rows: int = 320, columns: int = 256) -> Preview:
    side, view = selected.facts.get("mg.laterality", "L"), selected.facts.get("mg.view", "CC")
    row, column = np.mgrid[0:rows, 0:columns]
    column = column if side == "L" else columns - 1 - column
    tilt = (row - rows / 2) * 0.12 if view == "MLO" else 0
    distance = ((row - rows * 0.52) / (rows * 0.43)) ** 2 + ((column + tilt) / (columns * 0.8)) ** 2
    inside = np.clip(1 - distance, 0, 1)
    grey = 150 * np.sqrt(inside) * (0.55 + 0.45 * _texture(number, rows, columns))
    if view == "MLO":
        grey = np.maximum(grey, np.where(column + row * 0.55 < columns * 0.42, 165, 0))
    return Preview(rows, columns, np.clip(grey, 0, 255).astype(np.uint8).tobytes())


def _texture(seed: int, rows: int, columns: int) -> np.ndarray[Any, np.dtype[Any]]:
    """Smooth noise of several sizes, 0 to 1."""
    random = np.random.default_rng(seed)
    total = np.zeros((rows, columns))
    for size, weight in ((6, 0.5), (14, 0.3), (40, 0.2)):
        coarse = Image.fromarray((random.random((size, size)) * 255).astype(np.uint8))
        total += weight * np.asarray(coarse.resize((columns, rows), Image.Resampling.BICUBIC), float) / 255
    return total

"""Draws the cards that the documents show: `python -m tests.card_pictures docs/images`.

The breasts are the phantoms that brdensity is trained on; the answers are written here.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from tests import dicom_factories as dicom
from tests.card_on_monitors import MONITORS, hung
from tests.composition_factories import (
    BARELY_C,
    COMMENT,
    MILLIMETRE,
    NOTICE,
    RATHER_B,
    RECEIVED_AT,
    composition,
    composition_of,
    declaration,
    density_findings,
    left_out,
    selected_of,
)

from brdensity.phantoms import Breast, Grid, Laterality, Position, draw_pair, mammogram
from orchestrator.compose.card import draw_card
from orchestrator.compose.local_time import local_time
from orchestrator.handoffs import Preview, Replaced
from wetread_contract.findings import (
    Category,
    CategoryScore,
    Classification,
    Code,
    Finding,
    Findings,
    Measurement,
    Text,
    Unsuitable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.handoffs import Composition
    from wetread_contract.judgement import SelectedInstance

LARGE_MM = 105.0
GRID = Grid(512, 416, 0.56)
WITHOUT_PICTURE = Preview(0, 0, b"", "the archive cannot decode this transfer syntax")


def _pair(right: str, left: str) -> tuple[np.random.Generator, dict[Laterality, Breast]]:
    """The first large pair of breasts that has these grades, so that pictures and answers agree."""
    generators = map(np.random.default_rng, count())
    drawn = ((rng, draw_pair(rng, max(right, left))) for rng in generators)
    return next((rng, pair) for rng, pair in drawn if _is_large(pair) and _grades(pair) == (right, left))


def _is_large(pair: dict[Laterality, Breast]) -> bool:
    return all(breast.depth_mm > LARGE_MM for breast in pair.values())


def _grades(pair: dict[Laterality, Breast]) -> tuple[str, str]:
    return pair[Laterality.RIGHT].grade, pair[Laterality.LEFT].grade


def phantoms(selected: Sequence[SelectedInstance]) -> dict[str, Preview]:
    """A picture of each view of one pair of breasts, by SOP instance UID."""
    rng, pair = _pair("C", "B")
    pictures = {}
    for each in selected:
        side, view = Laterality(each.facts["mg.laterality"]), Position(each.facts["mg.view"])
        grey = (mammogram(rng, pair[side], side, view, GRID) * 255).astype(np.uint8)
        pictures[each.reference.sop_instance_uid] = Preview(GRID.rows, GRID.columns, grey.tobytes())
    return pictures


def plain() -> Composition:
    """What most studies get."""
    made = composition()
    return replace(made, previews=phantoms(made.selected))


def eventful() -> Composition:
    """Uncalibrated, borderline, views left out, a picture missing, another result replaced."""
    made = plain()
    selected = made.selected
    answer = Findings(density_findings(selected, BARELY_C, RATHER_B, calibrated=False), (NOTICE,))
    reasons = ("older repeat", "mg.kind is synthetic, not ffdm", "mg.modifiers has magnification")
    return replace(
        made,
        prediction=replace(made.prediction, answer=answer),
        declaration=declaration(validated_on=["Other Devices Unit 2"]),
        left_out=tuple(left_out(each, reason) for each, reason in zip(selected, reasons, strict=False)),
        previews={**made.previews, selected[3].reference.sop_instance_uid: WITHOUT_PICTURE},
        replaces=Replaced(RECEIVED_AT - timedelta(hours=1), "B"),
    )


def twelve_views() -> Composition:
    """Each view three times."""
    study = [
        dicom.headers_of(dicom.mammogram(side, view, number=number))
        for number in (1, 2, 3)
        for side, view in dicom.STANDARD_VIEWS
    ]
    selected = tuple(map(selected_of, study))
    answer = Findings(density_findings(selected), (NOTICE,))
    return composition(answer, study[0], selected=selected, previews=phantoms(selected))


def twenty_findings() -> Composition:
    """A model of another kind, with a long name and much to say."""
    present, absent = (Category(Code(word.upper(), "99TEST", word), word) for word in ("present", "absent"))
    nodule = Code("27925004", "SCT", "Nodule")
    grade = Classification(
        nodule, present, (CategoryScore(present, 0.83), CategoryScore(absent, 0.17)), calibrated=True
    )
    lengths: list[Finding] = [
        Measurement(Code("410668003", "SCT", "Length"), 4.5 + 1.3 * number, MILLIMETRE) for number in range(18)
    ]
    text = Text(COMMENT, "The largest nodule touches the pleura; smaller ones are scattered in both lungs.")
    title = "Detection, measurement and follow-up of pulmonary nodules in CT"
    return composition_of(
        *map(dicom.headers_of, dicom.ct_series(20)),
        answer=Findings((grade, *lengths, text)),
        declaration=declaration(
            title=title, name="pulmonary-nodules", intended_use="Example of a model of another kind."
        ),
    )


def unsuitable() -> Composition:
    """A study that the model could not read."""
    made = plain()
    reason = "The right MLO view shows less than half of the breast; all four standard views are needed."
    return replace(made, prediction=replace(made.prediction, answer=Unsuitable("cut_off", reason)))


def one_view() -> Composition:
    """The least that a model can be given."""
    study = [dicom.headers_of(dicom.mammogram("R", "MLO"))]
    selected = tuple(map(selected_of, study))
    answer = Findings(density_findings(selected)[::3], (NOTICE,))
    return composition(answer, study[0], selected=selected, previews=phantoms(selected))


def long_names() -> Composition:
    """A title, a maker and an intended use that somebody wrote with love."""
    made = plain()
    title = "Fully automated fibroglandular density quantification, 5th ed."
    use = "Supports, in organised screening of women between fifty and sixty-nine, the choice of supplemental imaging."
    return replace(
        made,
        declaration=declaration(
            title=title, name="fully-automated-fibroglandular-density", version="12.34.56-rc7", intended_use=use
        ),
        model=replace(made.model, name="fully-automated-fibroglandular-density", version="12.34.56-rc7"),
    )


def grey() -> Composition:
    """The plain one for a workstation without colour."""
    made = plain()
    return replace(made, settings=replace(made.settings, card_photometric_interpretation="MONOCHROME2"))


PICTURES = {
    "card": plain,
    "card-eventful": eventful,
    "card-one-view": one_view,
    "card-long-names": long_names,
    "card-twelve-views": twelve_views,
    "card-twenty-findings": twenty_findings,
    "card-unsuitable": unsuitable,
    "card-grey": grey,
}


HUNG = ("card", "card-one-view", "card-long-names", "card-twelve-views", "card-twenty-findings")
"""Also shown as they hang on a monitor."""


def main(folder: Path) -> None:
    """Write every picture, the pages after the first with their number."""
    for name, made in ((name, make()) for name, make in PICTURES.items()):
        when = local_time(made.prediction.received_at, made.source, made.settings.timezone)
        pages = draw_card(made, when)
        for number, page in enumerate(pages, start=1):
            page.save(folder / (f"{name}.png" if number == 1 else f"{name}-{number}.png"), optimize=True)
        for monitor in MONITORS if name in HUNG else ():
            screen = hung(monitor, pages[0], _images(made))
            screen.save(folder / f"{name}-{monitor.name}.jpg", quality=80, optimize=True)


def _images(made: Composition) -> list[Image.Image]:
    """The views beside the card, from their pictures."""
    return [
        Image.frombytes("L", (picture.columns, picture.rows), picture.pixels)
        for picture in made.previews.values()
        if picture.pixels
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))

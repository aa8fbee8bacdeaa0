from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from tests import dicom_factories as dicom
from tests.composition_factories import (
    BARELY_C,
    COMMENT,
    MILLIMETRE,
    NOTICE,
    RATHER_B,
    RECEIVED_AT,
    SURELY_C,
    breast,
    composition,
    composition_of,
    declaration,
    density,
    density_findings,
    every_kind_of_finding,
    left_out,
    phantom_previews,
    selected_of,
)

from orchestrator.compose.card import draw_card, palette
from orchestrator.compose.card.canvas import HEIGHT, INNER, WIDTH, Canvas
from orchestrator.compose.card.content import CardContent, card_content, tiled
from orchestrator.compose.card.fonts import Weight
from orchestrator.compose.card.grade_blocks import Hero
from orchestrator.compose.card.grades import Grade, shown_score
from orchestrator.compose.local_time import LocalTime, local_time
from orchestrator.handoffs import Composition, Preview, Replaced
from wetread_contract.findings import Code, Findings, Measurement, Text, Unsuitable


def made_at(made: Composition) -> LocalTime:
    return local_time(made.prediction.received_at, made.source, made.settings.timezone)


def content(made: Composition) -> CardContent:
    return card_content(made, made_at(made))


def graded(right: tuple[float, ...], left: tuple[float, ...], *, calibrated: bool = True) -> CardContent:
    findings = density_findings(composition().selected, right, left, calibrated=calibrated)
    return content(composition(Findings(findings, (NOTICE,))))


def test_the_card_says_the_grade_of_the_study_and_of_each_breast() -> None:
    card = content(composition())
    assert card.hero
    assert (card.hero.label, card.hero.meaning, card.hero.shown) == ("C", "Heterogeneously dense", "79 %")
    assert [(side.title, side.label) for side in card.sides] == [("Right breast", "C"), ("Left breast", "B")]
    assert [(tile.name, tile.label) for tile in card.tiles] == [
        ("R CC", "C"),
        ("L CC", "B"),
        ("R MLO", "C"),
        ("L MLO", "B"),
    ]


def test_the_card_says_that_the_study_has_the_grade_of_the_denser_breast() -> None:
    assert "Study = denser breast (right)" in content(composition()).notes
    assert "Both breasts alike" in graded(SURELY_C, SURELY_C).notes


def test_a_study_grade_that_is_not_the_denser_breasts_is_not_called_so() -> None:
    findings = (density(RATHER_B), density(SURELY_C, breast("R")), density(RATHER_B, breast("L")))
    assert not any("breast" in note for note in content(composition(Findings(findings, ()))).notes)


def test_dense_is_the_sum_of_the_two_dense_categories() -> None:
    assert "Dense (C + D) 87 %" in content(composition()).notes


def test_a_close_call_is_called_borderline() -> None:
    assert "Borderline B / C" in graded(BARELY_C, RATHER_B).notes
    assert not any(note.startswith("Borderline") for note in content(composition()).notes)


def test_only_calibrated_scores_are_called_probabilities() -> None:
    calibrated, plain = content(composition()).hero, graded(SURELY_C, RATHER_B, calibrated=False).hero
    assert calibrated
    assert plain
    assert calibrated.measure == "Breast composition, probability"
    assert plain.measure == "Breast composition, model score (not a probability)"
    assert plain.shown == "0.79"


@pytest.mark.parametrize(
    ("score", "shown"), [(0.0, "0 %"), (0.004, "< 1 %"), (0.5, "50 %"), (0.996, "> 99 %"), (1.0, "100 %")]
)
def test_what_is_possible_is_never_shown_as_impossible_nor_as_certain(score: float, shown: str) -> None:
    assert shown_score(score, calibrated=True) == shown


def test_the_card_is_marked() -> None:
    card = content(composition())
    assert card.mark == "RESEARCH"
    assert card.warning == "PRELIMINARY – computed, not reviewed by a radiologist, not for clinical use"
    assert NOTICE in card.notices


def test_the_card_says_what_was_left_out_and_what_it_replaces() -> None:
    made = composition()
    card = content(
        replace(
            made,
            left_out=(left_out(made.selected[0], "older repeat"),),
            replaces=Replaced(RECEIVED_AT - timedelta(hours=1), "B"),
        )
    )
    assert card.left_out == ("R CC: older repeat",)
    assert ("Replaces", "09:42, was B") in card.footer
    assert ("Computed", "2026-03-02 10:42 +01:00") in card.footer


def test_equipment_outside_validation_is_said() -> None:
    card = content(composition(declaration=declaration(validated_on=["Other Devices"])))
    assert card.notices[-1].startswith("Equipment outside validation: Synthetic Devices Phantom 1")


def test_a_view_without_a_picture_says_why() -> None:
    made = composition()
    why = Preview(0, 0, b"", "the archive cannot decode it")
    card = content(replace(made, previews={made.selected[3].reference.sop_instance_uid: why}))
    assert card.tiles[3].missing_because == "the archive cannot decode it"


def test_nothing_on_the_card_says_who_the_patient_is() -> None:
    def pixels(person: dicom.Person) -> list[bytes]:
        made = composition(source=dicom.headers_of(dicom.mammogram(person=person)))
        return [page.tobytes() for page in draw_card(made, made_at(made))]

    assert pixels(dicom.NOBODY) == pixels(dicom.JAPANESE)


def test_a_measurement_is_large_where_there_is_no_grade() -> None:
    findings = (Measurement(Code("410668003", "SCT", "Length"), 12.25, MILLIMETRE), Text(COMMENT, "And a sentence."))
    card = content(composition(Findings(findings, ())))
    assert card.hero
    assert (card.hero.label, card.hero.meaning) == ("12.25 mm", "Length")
    assert [row.value for row in card.rows] == ["And a sentence."]


def test_a_text_alone_is_never_summed_up_as_nothing() -> None:
    card = content(composition(Findings((Text(COMMENT, "A mass in the left breast."),), ())))
    assert card.hero is None
    assert [row.value for row in card.rows] == ["A mass in the left breast."]


def test_views_that_were_found_are_not_said_to_be_used_when_no_model_was_asked() -> None:
    made = composition(Unsuitable("requirements_not_met", "missing: R MLO"))
    unasked = replace(made, prediction=replace(made.prediction, endpoint=""))
    assert content(unasked).inputs == "Views found; the model was not asked (4)"
    assert content(made).inputs == "Views sent to the model (4)"


def test_a_grade_without_a_meaning_stays_within_its_panel() -> None:
    canvas = Canvas(1.0)
    hero = Hero(Grade("Study", "gyp", "", ()), ())
    hero.draw(canvas, 100)
    rows = np.flatnonzero((np.asarray(canvas.image) == palette.ACCENT).all(axis=2).any(axis=1))
    assert rows.min() > 100
    assert rows.max() < 100 + hero.height(canvas)


def test_an_unsuitable_study_says_why() -> None:
    card = content(composition(Unsuitable("missing_view", "The right MLO view is missing.")))
    assert card.hero
    assert (card.hero.label, card.hero.meaning) == ("No result", "The right MLO view is missing.")


def test_every_finding_is_on_the_card_once() -> None:
    made = composition()
    findings = (*density_findings(made.selected), *every_kind_of_finding(made.selected))
    card = content(composition(Findings(findings, ())))
    shown = 1 + len(card.sides) + sum(bool(tile.label) for tile in card.tiles) + len(card.rows)
    assert shown == len(findings)


@pytest.mark.parametrize("views", range(1, 13))
def test_one_to_twelve_views_fit_on_one_page(views: int) -> None:
    study = [
        dicom.headers_of(dicom.mammogram(*dicom.STANDARD_VIEWS[number % 4], number=number)) for number in range(views)
    ]
    selected = tuple(map(selected_of, study))
    made = composition(Findings(density_findings(selected), (NOTICE,)), study[0], selected=selected)
    made = replace(made, previews=phantom_previews(selected))
    assert len(content(made).tiles) == views
    assert len(draw_card(made, made_at(made))) == 1


def test_the_slices_of_a_volume_are_counted_and_not_pictured() -> None:
    made = composition_of(*map(dicom.headers_of, dicom.ct_series(20)))
    card = content(made)
    assert (card.tiles, card.inputs) == ((), "Images used (20, of 1 series)")
    assert tiled(made.selected) == ()  # so that nobody renders three hundred pictures for nothing
    assert tiled(made.selected[:12]) == made.selected[:12]


def test_twenty_findings_go_on_over_pages_and_none_is_lost() -> None:
    length = Code("410668003", "SCT", "Length of something with a long name that needs two lines")
    findings = tuple(Measurement(length, number, MILLIMETRE) for number in range(21))
    made = composition(Findings(findings, (NOTICE,)))
    assert len(content(made).rows) == 20
    pages = draw_card(made, made_at(made))
    assert len(pages) == 2
    assert {page.size for page in pages} == {(WIDTH, HEIGHT)}


def test_the_margins_stay_empty_whatever_is_said() -> None:
    long = "word " * 60 + "averyveryverylongwordwithoutanyplacetobreakit" * 4
    made = composition()
    selected = made.selected
    made = replace(
        composition(Findings((*density_findings(selected), Text(COMMENT, long)), (long,))),
        declaration=declaration(title="W" * 64, intended_use=long, contraindications=[long]),
        left_out=tuple(left_out(each, long) for each in selected),
    )
    for page in draw_card(made, made_at(made)):
        picture = np.asarray(page)
        for margin in (picture[:, :24], picture[:, -24:], picture[:16], picture[-16:]):
            assert (margin == palette.BACKGROUND).all()


def test_a_text_is_cut_to_the_width_that_it_has() -> None:
    canvas = Canvas(1.0)
    for line in canvas.wrapped("measure " * 80 + "x" * 300, 15, INNER, most=3):
        assert canvas.width_of(line, 15, Weight.REGULAR) <= INNER


PAIRS = {
    "text": (palette.TEXT, palette.PANEL, 7.0),
    "secondary": (palette.SECONDARY, palette.BACKGROUND, 7.0),
    "muted": (palette.MUTED, palette.PANEL, 4.5),
    "accent": (palette.ACCENT, palette.PANEL, 7.0),
    "warning": (palette.WARNING, palette.WARNING_PANEL, 7.0),
    "bar": (palette.ACCENT, palette.BAR, 3.0),
    "track": (palette.BAR, palette.TRACK, 1.5),
}


@pytest.mark.parametrize(("front", "back", "least"), PAIRS.values(), ids=PAIRS.keys())
def test_colours_keep_their_contrast_in_grey(front: palette.Colour, back: palette.Colour, least: float) -> None:
    def luminance(colour: palette.Colour) -> float:
        grey = (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255
        return float(grey / 12.92 if grey <= 0.03928 else ((grey + 0.055) / 1.055) ** 2.4)

    light, dark = luminance(front), luminance(back)
    assert (light + 0.05) / (dark + 0.05) >= least

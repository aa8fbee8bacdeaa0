"""The card shows no empty boxes: what it cannot draw, it says it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import ImageChops
from tests.composition_factories import COMMENT, composition, declaration
from tests.dicom_factories import headers_of, mammogram

from orchestrator.compose.card import draw_card
from orchestrator.compose.card.content import CardContent, card_content
from orchestrator.compose.card.drawable import NOTICE, drawable
from orchestrator.compose.local_time import LocalTime, local_time
from wetread_contract.findings import Findings, Text

if TYPE_CHECKING:
    from orchestrator.handoffs import Composition


def moment(made: Composition) -> LocalTime:
    return local_time(made.prediction.received_at, made.source, made.settings.timezone)


def content_of(made: Composition) -> CardContent:
    return card_content(made, moment(made))


def titled(title: str) -> Composition:
    return composition(declaration=declaration(title=title))


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("乳房の密度", "[…]"),
        ("乳房 密度 (BI-RADS)", "[…] (BI-RADS)"),
        ("BI-RADS 유방 밀도", "BI-RADS […]"),
        ("الثدي density", "[…] density"),
        ("Density 🙂", "Density […]"),
    ],
)
def test_letters_that_the_typeface_lacks_are_said_to_be_missing(title: str, shown: str) -> None:
    drawn = drawable(content_of(titled(title)))
    assert drawn.title == shown
    assert drawn.notices[-1] == NOTICE


@pytest.mark.parametrize("title", ["Brustdichte, mäßig", "Πυκνότητα μαστού", "Плотность молочной железы", "≥ 2 µm – ½"])
def test_letters_that_it_has_stay(title: str) -> None:
    content = content_of(titled(title))
    assert drawable(content) == content


def test_it_holds_for_every_text_of_the_card() -> None:
    made = composition(
        Findings((Text(COMMENT, "所見なし"),), ("警告",)),
        headers_of(mammogram(Manufacturer="島津", SpecificCharacterSet="ISO_IR 192")),
        declaration=declaration(validated_on=["Another"]),
    )
    drawn = drawable(content_of(made))
    assert drawn.rows[0].value == "[…]"
    assert drawn.notices[0] == "[…]"
    assert "Equipment outside validation: […]" in drawn.notices[1]


def test_two_cards_that_differ_only_in_what_cannot_be_drawn_look_the_same_and_say_so() -> None:
    one, two, plain = (draw_card(made, moment(made))[0] for made in map(titled, ("乳房", "密度", "Density")))
    assert ImageChops.difference(one, two).getbbox() is None
    assert ImageChops.difference(one, plain).getbbox() is not None

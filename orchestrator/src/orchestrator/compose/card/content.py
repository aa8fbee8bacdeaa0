"""What the card says, in the order in which a reader wants it; how it looks is for the blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.compose import statements
from orchestrator.compose.anatomy import body_part_examined
from orchestrator.compose.card.grades import Grade, grade, hero_notes
from orchestrator.compose.inputs import name_of
from orchestrator.compose.provenance import short
from orchestrator.compose.summary import amount, headline
from wetread_contract.findings import (
    Classification,
    Finding,
    Findings,
    Measurement,
    Quality,
    Scope,
    ScopeLevel,
    Text,
    Unsuitable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.compose.local_time import LocalTime
    from orchestrator.handoffs import Composition, Preview
    from wetread_contract.findings import Code
    from wetread_contract.judgement import SelectedInstance

_SIDES: Final = {"R": "Right", "L": "Left", "B": "Both sides"}
_SIDE_ORDER: Final = ("R", "L", "B")
"""As the films hang: the patient's right on the reader's left."""

MOST_TILES: Final = 12
"""More inputs than these are counted, not pictured: slices of a volume say nothing one by one."""

_VIEW_ORDER: Final = ("CC", "MLO")


@dataclass(frozen=True, slots=True)
class Tile:
    """One view: its picture and what was found in it."""

    name: str
    preview: Preview | None
    missing_because: str
    label: str = ""
    shown: str = ""
    """The score of the label."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of further findings."""

    name: str
    value: str
    where: str


@dataclass(frozen=True, slots=True)
class CardContent:
    """The whole card."""

    title: str
    mark: str
    """`RESEARCH`, or empty."""
    warning: str
    notices: tuple[str, ...]
    hero: Grade | None
    notes: tuple[str, ...]
    """About the hero: the denser breast, dense or not, borderline."""
    sides: tuple[Grade, ...]
    tiles: tuple[Tile, ...]
    inputs: str
    """`Views used (4)`: the tiles' title, or a line of its own where there are too many for tiles."""
    left_out: tuple[str, ...]
    rows: tuple[Row, ...]
    footer: tuple[tuple[str, str], ...]
    """Label and value."""


def card_content(composition: Composition, made: LocalTime) -> CardContent:
    """The card of one prediction."""
    answer = composition.prediction.answer
    findings = answer if isinstance(answer, Findings) else Findings(())
    main = headline(findings)
    sides = _sides(findings, main)
    qualification = composition.settings.content_qualification
    return CardContent(
        title=composition.declaration.title,
        mark="" if qualification == "PRODUCT" else qualification,
        warning=statements.preliminary(composition).replace(" - ", " – "),
        notices=(*statements.notices(composition), *_about_the_answer(composition)),
        hero=_hero(composition, main),
        notes=hero_notes(main, sides) if isinstance(main, Classification) else (),
        sides=tuple(grade(side, _side_title(composition, side.scope)) for side in sides),
        tiles=_tiles(composition, findings, main),
        inputs=_inputs(composition),
        left_out=statements.left_out(composition),
        rows=tuple(_rows(composition, findings, {main, *sides})),
        footer=tuple(_footer(composition, made)),
    )


def _side_title(composition: Composition, scope: Scope) -> str:
    """`Right breast` for mammograms, else `Right`."""
    part = " breast" if body_part_examined(composition.source) == "BREAST" and scope.laterality != "B" else ""
    return f"{_SIDES[scope.laterality]}{part}"


def _about_the_answer(composition: Composition) -> tuple[str, ...]:
    return tuple(filter(None, (statements.outside_validation(composition), statements.not_shown(composition))))


def _hero(composition: Composition, main: Classification | Measurement | None) -> Grade | None:
    answer = composition.prediction.answer
    if isinstance(answer, Unsuitable):
        return Grade("Study", "No result", answer.reason, ())
    if isinstance(main, Measurement):
        return Grade("Study", amount(main), main.concept.meaning, ())
    return grade(main, "Study") if main else None


def _sides(findings: Findings, main: Classification | Measurement | None) -> tuple[Classification, ...]:
    """The same concept for each side; without a study's, the first concept that a side has."""
    of_sides = [
        finding
        for finding in findings.findings
        if isinstance(finding, Classification) and finding.scope.level is ScopeLevel.LATERALITY
    ]
    concept = main.concept if isinstance(main, Classification) else (of_sides[0].concept if of_sides else None)
    chosen = {finding.scope.laterality: finding for finding in reversed(of_sides) if finding.concept == concept}
    return tuple(chosen[side] for side in _SIDE_ORDER if side in chosen)


def tiled(selected: Sequence[SelectedInstance]) -> Sequence[SelectedInstance]:
    """The instances that the card shows; none where they are too many to be told apart, as of a CT."""
    return selected if len(selected) <= MOST_TILES else ()


def _tiles(composition: Composition, findings: Findings, main: Classification | Measurement | None) -> tuple[Tile, ...]:
    concept = main.concept if isinstance(main, Classification) else None
    by_instance = {
        finding.scope.sop_instance_uid: finding
        for finding in findings.findings
        if isinstance(finding, Classification)
        and finding.scope.level is ScopeLevel.INSTANCE
        and concept in (None, finding.concept)
    }
    numbered = enumerate(tiled(composition.selected), start=1)
    tiles = [
        (_hanging_place(instance), _tile(composition, instance, number, by_instance)) for number, instance in numbered
    ]
    return tuple(tile for _, tile in sorted(tiles, key=lambda placed: placed[0]))


def _inputs(composition: Composition) -> str:
    selected = composition.selected
    kind = "Views" if all(instance.facts.get("mg.view") for instance in selected) else "Images"
    use = "used"
    if isinstance(composition.prediction.answer, Unsuitable):
        use = "sent to the model" if composition.prediction.endpoint else "found; the model was not asked"
    count = len({instance.reference.series_instance_uid for instance in selected})
    series = f", of {count} series" if len(selected) > MOST_TILES else ""
    return f"{kind} {use} ({len(selected)}{series})"


def _hanging_place(instance: SelectedInstance) -> tuple[int, int]:
    view, side = instance.facts.get("mg.view", ""), instance.facts.get("mg.laterality", "")
    return (_place(_VIEW_ORDER, view), _place(_SIDE_ORDER, side))


def _place(order: tuple[str, ...], value: str) -> int:
    return order.index(value) if value in order else len(order)


def _tile(composition: Composition, instance: SelectedInstance, number: int, found: dict[str, Classification]) -> Tile:
    uid = instance.reference.sop_instance_uid
    preview = composition.previews.get(uid)
    finding = found.get(uid)
    graded = grade(finding, "") if finding else None
    return Tile(
        name=name_of(instance.facts, number),
        preview=preview if preview and preview.pixels else None,
        missing_because=preview.missing_because if preview else "no preview was made",
        label=graded.label if graded else "",
        shown=graded.shown if graded else "",
    )


def _rows(
    composition: Composition, findings: Findings, shown: set[Classification | Measurement | None]
) -> Iterator[Row]:
    concept = next((finding.concept for finding in shown if isinstance(finding, Classification)), None)
    for finding in findings.findings:
        if finding in shown or _is_on_a_tile(finding, concept):
            continue
        row = _row(finding, _where(composition, finding.scope))
        if row:
            yield row


def _is_on_a_tile(finding: Finding, concept: Code | None) -> bool:
    return (
        isinstance(finding, Classification)
        and finding.scope.level is ScopeLevel.INSTANCE
        and concept in (None, finding.concept)
    )


def _row(finding: Finding, where: str) -> Row | None:
    match finding:
        case Classification():
            graded = grade(finding, "")
            return Row(finding.concept.meaning, f"{graded.label}  {graded.shown}".strip(), where)
        case Measurement():
            return Row(finding.concept.meaning, amount(finding), where)
        case Quality():
            reason = f": {finding.reason}" if finding.reason else ""
            return Row(finding.concept.meaning, f"{finding.verdict}{reason}", where)
        case Text():
            return Row(finding.concept.meaning, finding.text, where)
        case _:
            return None


def _where(composition: Composition, scope: Scope) -> str:
    if scope.level is ScopeLevel.INSTANCE:
        for number, instance in enumerate(composition.selected, start=1):
            if instance.reference.sop_instance_uid == scope.sop_instance_uid:
                return name_of(instance.facts, number)
    if scope.level is ScopeLevel.SERIES:
        return "Series"
    return _SIDES.get(scope.laterality, "Study")


def _footer(composition: Composition, made: LocalTime) -> Iterator[tuple[str, str]]:
    model = composition.model
    yield "Computed", made.shown
    replaced = statements.replacement(composition, made)
    if replaced:
        yield "Replaces", replaced.removeprefix("Replaces the result of ")
    weights = short(model.weights_sha256)
    yield from statements.intent(composition)
    yield "Model", f"{model.name} {model.version}  ·  weights {weights}  ·  Wetread {composition.wetread_version}"

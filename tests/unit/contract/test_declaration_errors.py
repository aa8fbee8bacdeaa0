"""Everything that can be wrong with a model.yaml is found at once, with its place and with what would be right."""

from __future__ import annotations

import pytest
from tests.declarations import HEAD, declared, text

from wetread_contract.declaration import DeclarationError, Level, Problem, Stage, parse


def problems(written: str) -> tuple[Problem, ...]:
    with pytest.raises(DeclarationError) as refused:
        parse(written)
    return refused.value.problems


def only(written: str) -> Problem:
    (problem,) = problems(written)
    return problem


@pytest.mark.parametrize(
    ("select", "words"),
    [
        ("{Modality: CT, ViewPositon: CC}", ["`ViewPositon` is not a DICOM keyword", "did you mean `ViewPosition`?"]),
        ("{Modality: CT, modality: CT}", ["did you mean `Modality`?"]),
        ("{Modality: CT, mg.vew: CC}", ["did you mean `mg.view`?"]),
        ("{Modality: CT, mg.kind: ffmd}", ["nothing that mg.kind can be", "did you mean `ffdm`?"]),
        ("{Modality: CT, Rows.Columns: 1}", ["`Rows` is no sequence"]),
        ("{Modality: CT, 'ImageType[0]': ORIGINAL}", ["counted from 1"]),
        ("{Modality: CT, SliceThickness: {at_mots: 3}}", ["`at_mots` is not an operator", "did you mean `at_most`?"]),
        ("{Modality: CT, SliceThickness: thin}", ["`thin` is not number", "SliceThickness (DS) takes a number"]),
        ("{Modality: CT, SliceThickness: {at_most: [3]}}", ["not a value"]),
        ("{Modality: CT, SliceThickness: {between: [5, 3]}}", ["not a range", "the smaller first"]),
        ("{Modality: CT, SliceThickness: {matches: '3.*'}}", ["`matches` cannot be asked of SliceThickness (DS)"]),
        ("{Modality: CT, BodyPartExamined: {at_least: A}}", ["cannot compare BodyPartExamined (CS)", "only age, date"]),
        ("{Modality: CT, StudyDate: 31.12.2024}", ["is not date", "2024-03-11"]),
        ("{Modality: CT, StudyDate: 2024-02-30}", ["is not date"]),
        ("{Modality: CT, AcquisitionTime: 25:00}", ["is not time"]),
        ("{Modality: CT, PatientAge: {at_least: 18}}", ["is not age", "018Y"]),
        ("{Modality: CT, ImageType: ORIGINAL}", ["can have several", "contains", "`ImageType[1]`"]),
        ("{Modality: CT, ImageType: {one_of: [A, B]}}", ["can have several", "any_of"]),
        ("{Modality: CT, BodyPartExamined: {contains: CHEST}}", ["has one", '`matches: ".*CHEST.*"`']),
        ("{Modality: CT, BodyPartExamined: [CHEST]}", ["has one value", "one_of"]),
        ("{Modality: CT, BodyPartExamined: {other_than: [CHEST]}}", ["has one", "use one_of or not"]),
        ("{Modality: CT, BodyPartExamined: {one_of: []}}", ["not a list"]),
        ("{Modality: CT, BodyPartExamined: {one_of: CHEST}}", ["not a list", "`[one, another]`"]),
        ("{Modality: CT, BodyPartExamined: {}}", ["no operator"]),
        ("{Modality: CT, BodyPartExamined: }", ["not a value"]),
        ("{Modality: CT, BodyPartExamined: 'a-b'}", ["`a-b` is not code string"]),
        ("{Modality: CT, SOPClassUID: MG}", ["SOPClassUID (UI) takes a UID"]),
        ("{Modality: CT, StudyDescription: {matches: '(?!x)'}}", ["no regular expression", "no look-around"]),
        ("{Modality: CT, StudyDescription: {matches: '((a{500}){500}){9}'}}", ["no regular expression"]),
        ("{Modality: CT, BodyPartExamined: {present: yes}}", ["neither true nor false"]),
        ("{Modality: CT, BodyPartExamined: {not: {when_absent: true, one_of: [A]}}}", ["put it beside `not`"]),
        ("{Modality: CT, PixelData: x}", ["needs values to compare", "present, absent or empty"]),
        ("{Modality: CT, ViewCodeSequence: {contains: CC}}", ["is not coded concept", "(399162004, SCT"]),
        ("{Modality: CT, '(0019,xx0C) NOBODY': 1}", ["the VR of", "`(0019,xx0C) NOBODY: LO`"]),
        ("{Modality: CT, '(0018,xx0C) NOBODY': 1}", ["is even"]),
        ("{Modality: CT, any: {}}", ["`any` without conditions"]),
        ("{Modality: CT, series: {some: {Modality: CT}}}", ["`some` is not a quantifier", "consistent"]),
        ("{Modality: CT, series: {count: {}}}", ["a count without bounds"]),
        ("{Modality: CT, series: {count: {at_least: few}}}", ["not a whole number"]),
        ("{Modality: CT, series: {count: {at_least: 3, at_most: 2}}}", ["no count can be so"]),
        ("[Modality]", ["conditions are a mapping"]),
    ],
)
def test_a_wrong_condition_is_refused_in_words_that_help(select: str, words: list[str]) -> None:
    problem = only(text(select))
    for word in words:
        assert word in str(problem)


@pytest.mark.parametrize(
    ("more", "key", "words"),
    [
        ("requires: []", "requires", "did you mean `require`?"),
        ("limits: {concurency: 2}", "limits.concurency", "did you mean `concurrency`?"),
        ("limits: {concurrency: many}", "limits.concurrency", "`many`"),
        ("limits: {concurrency: 0}", "limits.concurrency", "greater than or equal to 1"),
        ("limits: {max_bytes: 2 gigs}", "limits.max_bytes", "GiB"),
        ("level: instance", "level", "'study' or 'series'"),
        ("resources: {gpu: maybe}", "resources.gpu", "'none', 'optional' or 'required'"),
        ("needs: [PatientsName]", "needs[0]", "did you mean `PatientName`?"),
        ("require: [{each: {}}]", "require[0].each", "`each_of`"),
        ("require: [{each_of: {mg.view: [CC]}, choose: newest}]", "require[0].choose", "latest_acquisition"),
        ("require: [{each_of: {mg.modifiers: [spot_compression]}}]", "require[0].each_of.mg.modifiers", "one value"),
        ("require: [{count: {at_least: 1}, any: {Modality: CT}}]", "require[0]", "one per item"),
        ("require: [{either: [{count: {at_least: 1}}]}]", "require[0].either", "two or more"),
        ("exclude: {BodyPartExamind: HEAD}", "exclude.BodyPartExamind", "`BodyPartExamined`"),
    ],
)
def test_a_wrong_key_is_refused_at_its_place(more: str, key: str, words: str) -> None:
    problem = only(text(more=more))
    assert problem.key == key
    assert words in str(problem)
    assert problem.line == 8


def test_all_problems_are_told_at_once_in_the_order_of_the_document() -> None:
    written = """\
schema: 2
name: Bad Name
version: "1"
title: Chest
stage: prototype
select:
  Modalty: CT
  SliceThickness:
    at_most: thin
exclude:
  ImageType: DERIVED
"""
    found = problems(written)
    assert [(one.line, one.key) for one in found] == [
        (1, "schema"),
        (1, "intended_use"),
        (2, "name"),
        (3, "version"),
        (5, "stage"),
        (7, "select.Modalty"),
        (9, "select.SliceThickness.at_most"),
        (11, "exclude.ImageType"),
    ]


def test_the_text_of_the_error_names_file_line_and_column() -> None:
    with pytest.raises(DeclarationError) as refused:
        parse(text("{Modality: CT, ViewPositon: CC}"), file="lungs/model.yaml")
    assert str(refused.value) == (
        "lungs/model.yaml:7:24: select.ViewPositon: `ViewPositon` is not a DICOM keyword; did you mean `ViewPosition`?"
    )


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("", "no mapping"),
        ("- a", "no mapping"),
        ("a: [", "not YAML"),
        ("a: b: c", "not YAML"),
        ("a: &x 1\nb: *x", "anchors and aliases"),
        ("[" * 60 + "]" * 60, "nested deeper"),
        ("a: '\x01'", "not YAML"),
        ("# " + "x" * 300_000, "characters"),
    ],
)
def test_what_is_no_document_is_refused(written: str, words: str) -> None:
    assert words in str(only(written))


def test_a_key_that_is_there_twice_is_refused() -> None:
    assert "twice" in str(only(text("{Modality: CT, BodyPartExamined: CHEST, Modality: MR}")))


@pytest.mark.parametrize(
    ("select", "why"),
    [
        ("{BodyPartExamined: CHEST}", "pin neither"),
        ("{Modality: CT}", "nothing beyond"),
        ("{Modality: CT, SOPClassUID: 1.2.840.10008.5.1.4.1.1.2}", "nothing beyond"),
        ("{Modality: CT, StudyDescription: {matches: '(.*?)'}}", "nothing beyond"),
        ("{Modality: CT, BodyPartExamined: {not: HEAD}}", "nothing beyond"),
        ("{Modality: CT, BodyPartExamined: {absent: true}}", "nothing beyond"),
        ("{Modality: CT, BodyPartExamined: {one_of: [CHEST], when_absent: true}}", "nothing beyond"),
        ("{Modality: {one_of: [CT], when_absent: true}, BodyPartExamined: CHEST}", "pin neither"),
        ("{any: {Modality: CT, SliceThickness: {at_most: 3}}, BodyPartExamined: CHEST}", "pin neither"),
        ("{Modality: CT, any: {BodyPartExamined: CHEST, StudyDescription: {not: X}}}", "nothing beyond"),
    ],
)
def test_a_rule_that_takes_nearly_everything_is_refused_unless_the_site_accepts_it(select: str, why: str) -> None:
    problem = only(text(select))
    assert "too broad" in problem.found
    assert why in problem.found
    assert parse(text(select), accept_too_broad=True).name == "chest"


@pytest.mark.parametrize(
    "select",
    [
        "{Modality: CT, BodyPartExamined: CHEST}",
        "{SOPClassUID: 1.2.840.10008.5.1.4.1.1.2, ImageType: {contains: ORIGINAL}}",
        "{all: {Modality: CT, SliceThickness: {at_most: 3}}}",
        "{Modality: {one_of: [CT, MR]}, any: {BodyPartExamined: CHEST, StudyDescription: {matches: '.*thorax.*'}}}",
        "{Modality: CT, plane: axial}",
    ],
)
def test_a_rule_that_asks_for_something_is_accepted(select: str) -> None:
    assert parse(text(select)).name == "chest"


def test_an_example_that_must_match_and_does_not_is_refused_with_the_condition_that_stops_it() -> None:
    problem = only(text(more="examples: {match: [{Modality: CT, BodyPartExamined: HEAD}]}"))
    assert problem.key == "examples.match[0]"
    assert problem.found == "this example must match and does not"
    assert problem.advice == "`BodyPartExamined is CHEST` is false"


def test_an_example_that_must_miss_and_matches_is_refused() -> None:
    problem = only(text(more="examples: {miss: [{Modality: CT, BodyPartExamined: CHEST, PatientAge: 010Y}]}"))
    assert problem.found == "this example must miss and matches"


def test_an_example_with_an_unknown_keyword_is_refused_at_any_depth() -> None:
    problem = only(text(more="examples: {miss: [{ViewCodeSequence: [{CodeValu: R-10242}]}]}"))
    assert problem.key == "examples.miss[0].ViewCodeSequence[0].CodeValu"
    assert "`CodeValue`" in str(problem)


def test_scalars_are_read_as_text_and_typed_by_the_attribute() -> None:
    declaration = declared("{Modality: CT, BreastImplantPresent: NO, StudyID: 01, PatientAge: {at_least: 018Y}}")
    assert [one.text for one in declaration.select] == [
        "Modality is CT",
        "BreastImplantPresent is NO",
        "StudyID is 01",
        "PatientAge at_least 018Y",
    ]


def test_a_declaration_has_reasonable_defaults_and_the_digest_of_its_text() -> None:
    declaration = declared()
    assert (declaration.stage, declaration.level) == (Stage.RESEARCH, Level.STUDY)
    assert (declaration.limits.concurrency, declaration.limits.deadline_s) == (1, 120.0)
    assert declaration.needs == ()
    assert len(declaration.sha256) == 64
    assert declaration.sha256 != declared(more="level: series").sha256


@pytest.mark.parametrize(
    ("written", "size"), [("2GiB", 2 << 30), ("500 MB", 500_000_000), ("1.5kB", 1500), ("4096", 4096)]
)
def test_sizes_have_units(written: str, size: int) -> None:
    assert declared(more=f"limits: {{max_bytes: {written}}}").limits.max_bytes == size


def test_a_declaration_without_select_is_refused() -> None:
    assert "`select` is missing" in str(only(HEAD))

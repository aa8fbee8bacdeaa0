"""What is made for destinations, as dciodvfy sees it, and again: the same bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from tests.composition_factories import composition_of
from tests.contract.dicom_validators import iod_errors, needs_dicom3tools
from tests.dicom_factories import PERSONS, Person, four_view_study, headers_of

from orchestrator.compose import compose
from orchestrator.compose.rejection_note import TITLES, rejection_note
from orchestrator.compose.relabel import relabelled
from orchestrator.deliver.reports import COMPREHENSIVE_SR, ENHANCED_SR
from orchestrator.handoffs import Form, JobKey, ObjectKind, Rejection
from wetread_contract.judgement import InstanceReference

if TYPE_CHECKING:
    from pathlib import Path

MOMENT = datetime(2026, 3, 2, 9, 42, tzinfo=UTC)


def rejection(person: Person, title: str) -> Rejection:
    views = four_view_study(person=person)
    study = str(views[0].StudyInstanceUID)
    rejected = [
        InstanceReference(study, one.series_instance_uid, one.sop_class_uid, one.sop_instance_uid)
        for one in compose(composition_of(*views)).objects
    ]
    return Rejection(JobKey("a" * 64), headers_of(views[0]), rejected, title, MOMENT, ZoneInfo("Europe/Berlin"), 9099)


@needs_dicom3tools
@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("person", PERSONS, ids=lambda person: "-".join(person.character_set) or "ascii")
def test_a_rejection_note_is_valid_and_always_the_same(tmp_path: Path, person: Person, title: str) -> None:
    asked = rejection(person, title)
    note = rejection_note(asked)
    file = tmp_path / "note.dcm"
    file.write_bytes(note.content)

    assert iod_errors(file) == []
    assert rejection_note(asked).content == note.content


@needs_dicom3tools
@pytest.mark.parametrize("sop_class_uid", [COMPREHENSIVE_SR, ENHANCED_SR])
def test_a_report_in_another_class_is_valid_and_another_object(tmp_path: Path, sop_class_uid: str) -> None:
    report = compose(composition_of(*four_view_study())).objects[-1]
    form = Form(sop_class_uid=sop_class_uid)
    made = relabelled(report.content, ObjectKind.REPORT, form)
    file = tmp_path / "report.dcm"
    file.write_bytes(made.content)

    assert iod_errors(file) == []
    assert made.sop_instance_uid != report.sop_instance_uid
    assert relabelled(report.content, ObjectKind.REPORT, form).content == made.content


@needs_dicom3tools
@pytest.mark.parametrize("person", PERSONS, ids=lambda person: "-".join(person.character_set) or "ascii")
@pytest.mark.parametrize("modality", ["MG", "SC"])
def test_a_card_that_hangs_otherwise_is_valid(tmp_path: Path, person: Person, modality: str) -> None:
    card = compose(composition_of(*four_view_study(person=person))).objects[0]
    form = Form("", modality, "MONOCHROME2", 4711, shows_grade=True, summary="12.25 mm")
    file = tmp_path / "card.dcm"
    file.write_bytes(relabelled(card.content, ObjectKind.CARD, form).content)

    assert iod_errors(file) == []

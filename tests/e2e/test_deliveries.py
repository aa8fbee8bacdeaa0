"""From an exam to a proven result at a destination: killed on the way, unapproved at first, kept outside Orthanc."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from bench.model import DECLARATION, answer
from demo.orthanc import Orthanc, OrthancSettings
from demo.processes import free_port
from demo.waiting import until
from pydicom import dcmread
from tests.delivery_chain import BOTH_PROVEN, Pacs, make_known
from tests.dicom_factories import KEY_OBJECT_SELECTION, four_view_study, key_object_selection, mammogram
from tests.e2e.chain import Chain, introduce, model_settings, unique
from tests.e2e.conftest import started
from tests.fakes.models import Answering
from tests.fakes.pacs import ACCEPTED, DifficultPacs

from orchestrator.deliver.reports import ENHANCED_SR
from orchestrator.jobs import deliveries, shipments
from orchestrator.jobs.database import Database
from orchestrator.jobs.states import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pydicom import Dataset

    from orchestrator.jobs.deliveries import Delivery
    from orchestrator.jobs.shipments import Shipment

    OwnChain = Callable[..., AbstractContextManager[Chain]]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
NAME = "DIFFICULT"


def grading() -> Answering:
    """Answers at once, with a density."""
    return Answering(lambda _: answer())


def to(name: str, **destination: object) -> dict[str, dict[str, object]]:
    """Sections of a site file that has results go to one destination by themselves, however old the exam."""
    delivery = {"remote": name, "auto_transmit": True, "study_date_within": "9000d", "quiet": 0}
    return {"destinations": {name: destination}, "delivery": delivery}


@dataclass
class Gate:
    """Lets a handler of the PACS begin and not end, once, until it is opened."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        self.reached.set()
        assert self.opened.wait(25), "nobody has opened the gate"

    def stop_at(self, number: int) -> Callable[[int], int]:
        """What a PACS answers that does not end before the gate is open when the so-manieth object comes."""

        def answer_to(this: int) -> int:
            if this == number:
                self.wait()
            return ACCEPTED

        return answer_to


def rows(chain: Chain) -> list[tuple[Delivery, list[Shipment]]]:
    """Every delivery in the ledger with its objects."""
    database = Database(f"sqlite:///{chain.orchestrator.database}")
    try:
        with database.read() as connection:
            return [(one, shipments.of(connection, one.key)) for one in deliveries.listed(connection)]
    finally:
        database.close()


def delivered_once(chain: Chain, pacs: DifficultPacs) -> None:
    ((delivery, objects),) = rows(chain)
    assert delivery.state is DeliveryState.DELIVERED
    assert {one.kind for one in objects} == {"card", "sr"}
    assert all(one.proof == "find" for one in objects)
    assert pacs.kept == {one.sop_instance_uid: 1 for one in objects}
    assert len(chain.logged("result_delivered")) == 1


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("ends", ["while the orchestrator is dead", "after its restart"])
def test_an_orchestrator_killed_while_it_sends_delivers_everything_once(
    own_chain: OwnChain, number: int, ends: str
) -> None:
    gate = Gate()
    with (
        DifficultPacs(free_port(), answer=gate.stop_at(number)) as pacs,
        own_chain(grading(), **to(NAME, test=True)) as chain,
    ):
        make_known(chain.orthanc, NAME, NAME, pacs.port)
        chain.send(four_view_study(study=unique()))
        assert gate.reached.wait(25)
        chain.orchestrator.kill()
        ((killed, _),) = rows(chain)
        assert killed.state is DeliveryState.SENDING

        if ends == "after its restart":
            events = chain.orchestrator.start()
            events.wait_for("transfer_awaited")
            gate.opened.set()
        else:
            gate.opened.set()
            until(lambda: len(pacs.kept) == number or None, what="Orthanc ends the transfer", deadline_s=20)
            events = chain.orchestrator.start()
        events.wait_for("result_delivered")

        delivered_once(chain, pacs)


def test_an_orchestrator_killed_while_it_proves_delivers_everything_once(own_chain: OwnChain) -> None:
    gate = Gate()
    with (
        DifficultPacs(free_port(), before_it_answers_a_search=gate.wait) as pacs,
        own_chain(grading(), **to(NAME, test=True)) as chain,
    ):
        make_known(chain.orthanc, NAME, NAME, pacs.port)
        chain.send(four_view_study(study=unique()))
        assert gate.reached.wait(25)
        chain.orchestrator.kill()
        ((killed, _),) = rows(chain)
        assert killed.state is DeliveryState.PROVING

        gate.opened.set()
        chain.orchestrator.start().wait_for("result_delivered")

        delivered_once(chain, pacs)


def test_an_unapproved_models_result_goes_to_a_clinical_destination_once_it_is_approved_and_released(
    tmp_path: Path, pacs: Pacs
) -> None:
    declaration = tmp_path / "model.yaml"
    text = DECLARATION.read_text(encoding="utf-8")
    declaration.write_text(text.replace("stage: demonstration", "stage: research"), encoding="utf-8")
    settings = replace(model_settings(tmp_path, free_port()), declaration=declaration)
    with started(tmp_path, grading(), settings, **to("PACS")) as chain:
        introduce(chain, pacs)
        study = chain.send(four_view_study(study=unique()))
        held = chain.events.wait_for("delivery_held")
        assert "nobody has approved exactly this model" in held.text("reason")
        job = held.text("job")

        refused = chain.wetread("release", job, "--by", "Ada", "--reason", "fine", fails=True)
        assert "wetread model approve" in refused
        assert "approved" in chain.wetread("model", "approve", "instant", "1.0.0", "--by", "Ada", "--reason", "valid")
        assert "released" in chain.wetread("release", job, "--by", "Ada", "--reason", "fine")
        chain.events.wait_for("result_delivered")

        ours = {str(one.dataset.SOPInstanceUID) for one in chain.orthanc.archive.results(study)}
        assert len(ours) == 2
        assert [pacs.holds(uid) for uid in ours] == [1, 1]
        assert BOTH_PROVEN.search(chain.wetread("deliveries", "--state", "DELIVERED"))

        again = chain.send(four_view_study(study=unique()))
        chain.events.wait_for("result_delivered")
        assert [pacs.holds(str(one.dataset.SOPInstanceUID)) for one in chain.orthanc.archive.results(again)] == [1, 1]


def test_a_result_hangs_at_a_destination_as_that_one_wants_it_and_is_withdrawn_under_the_uids_it_has_there(
    tmp_path: Path, pacs: Pacs
) -> None:
    hangs = {
        "card_modality": "MG",
        "card_photometric_interpretation": "MONOCHROME2",
        "series_number": 500,
        "grade_in_series_description": True,
        "sr_class": "enhanced",
    }
    site = to("PACS", test=True, honours_rejection_notes=True, **hangs)
    with started(tmp_path, grading(), model_settings(tmp_path, free_port()), **site) as chain:
        introduce(chain, pacs)
        views = four_view_study(study=unique())
        study = chain.send(views)
        delivered = chain.events.wait_for("result_delivered", purpose="result")

        ours = {str(one.dataset.SOPInstanceUID): one.dataset for one in chain.orthanc.archive.results(study)}
        assert {(one.Modality, one.SeriesNumber) for one in ours.values()} == {("OT", 9000), ("SR", 9001)}
        ((delivery, objects),) = rows(chain)
        assert delivery.state is DeliveryState.DELIVERED
        there = {one.kind: dcmread(BytesIO(pacs.file(one.sop_instance_uid))) for one in objects}
        assert ours.keys().isdisjoint(one.sop_instance_uid for one in objects)
        assert [pacs.holds(uid) for uid in ours] == [0, 0]
        card, report = there["card"], there["sr"]
        assert (card.Modality, card.SeriesNumber, card.PhotometricInterpretation) == ("MG", 500, "MONOCHROME2")
        assert (report.SeriesNumber, report.SOPClassUID) == (501, ENHANCED_SR)
        assert {one.SeriesDescription.partition(": ")[2] for one in there.values()} == {"C [RESEARCH]"}

        chain.wetread("retract", delivered.text("job"), "--by", "Ada", "--reason", "wrong breast", "--yes")
        chain.events.wait_for("result_delivered", purpose="rejection")
        (note,) = notes_at(pacs, views[0])
        rejected = {str(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID) for item in note.ContentSequence}
        assert rejected == {one.sop_instance_uid for one in objects}


ROUTE_EVERYTHING = """
function OnStoredInstance(instance, tags, metadata, origin)
   SendToModality(instance, 'PACS')
end
"""


def test_of_an_orthanc_that_routes_by_itself_nothing_leaves_before_it_is_released(tmp_path: Path, pacs: Pacs) -> None:
    script = tmp_path / "route.lua"
    script.write_text(ROUTE_EVERYTHING, encoding="utf-8")
    orthanc = Orthanc(tmp_path / "orthanc", OrthancSettings(stable_age_s=1, lua_scripts=(script,)))
    site = to("PACS", test=True)
    site["delivery"] |= {"auto_transmit": False, "hold": "outside"}
    settings = model_settings(tmp_path, free_port())
    with started(tmp_path, grading(), settings, orthanc, **site) as chain:
        introduce(chain, pacs)
        views = [four_view_study(study=unique()) for _ in range(2)]
        studies = [chain.send(one) for one in views]
        jobs = [chain.events.wait_for("delivery_held").text("job") for _ in studies]
        for view in (view for one in views for view in one):
            there = str(view.SOPInstanceUID)
            until(lambda there=there: pacs.holds(there) or None, what="the script routes the images", deadline_s=20)
        assert [len(chain.orthanc.archive.results(study)) for study in studies] == [0, 0]

        chain.wetread("release", jobs[0], "--by", "Ada", "--reason", "fine")
        chain.wetread("reject", jobs[1], "--by", "Ada", "--reason", "too dark")
        delivered = chain.events.wait_for("result_delivered")

        assert delivered.text("job") == jobs[0]
        ours = {study: chain.orthanc.archive.results(study) for study in studies}
        assert sorted(len(found) for found in ours.values()) == [0, 2]
        released = [str(one.dataset.SOPInstanceUID) for found in ours.values() for one in found]
        assert [pacs.holds(uid) for uid in released] == [1, 1]
        assert "CANCELLED" in chain.wetread("jobs", "--state", "CANCELLED")
        assert sum(event.text("job") == jobs[1] for event in chain.logged("result_stored")) == 0


REJECTED = ("113001", "DCM", "Rejected for Quality Reasons")


@pytest.mark.parametrize(("deleted", "overwrite"), [(False, False), (False, True), (True, False)])
def test_a_delivered_result_is_withdrawn_when_an_image_that_it_rests_on_is_rejected_or_deleted(
    tmp_path: Path, pacs: Pacs, *, deleted: bool, overwrite: bool
) -> None:
    orthanc = Orthanc(tmp_path / "orthanc", OrthancSettings(stable_age_s=1, overwrite_instances=overwrite))
    site = to("PACS", test=True, honours_rejection_notes=True) | {"watch": {"reconcile": "1s"}}
    with started(tmp_path, grading(), model_settings(tmp_path, free_port()), orthanc, **site) as chain:
        introduce(chain, pacs)
        name = unique()
        views = four_view_study(study=name)
        raw = mammogram(study=name, series="raw", number=9, for_processing=True)
        study = chain.send([*views, raw])
        chain.events.wait_for("result_delivered", purpose="result")
        ours = {str(one.dataset.SOPInstanceUID) for one in orthanc.archive.results(study)}
        judged = len(chain.logged("study_judged"))
        chain.send([key_object_selection(raw, title=REJECTED, study=name)])
        until(lambda: len(chain.logged("study_judged")) > judged or None, what="the first note is read", deadline_s=30)
        assert {str(one.dataset.SOPInstanceUID) for one in orthanc.archive.results(study)} >= ours
        assert chain.logged("result_retracted") == []

        if deleted:
            there = orthanc.archive.post(
                "/tools/find", {"Level": "Instance", "Query": {"SOPInstanceUID": str(views[0].SOPInstanceUID)}}
            )
            orthanc.archive.delete(f"/instances/{there[0]}")
        else:
            chain.send([key_object_selection(views[0], title=REJECTED, study=name, number=2)])
        chain.events.wait_for("result_retracted")
        chain.events.wait_for("result_delivered", purpose="rejection")

        note = next(one for one in notes_at(pacs, views[0]) if one.Manufacturer == "Wetread")
        assert {str(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID) for item in note.ContentSequence} == ours
        left = {str(one.dataset.SOPInstanceUID) for one in orthanc.archive.results(study)}
        assert left.isdisjoint(ours)
        assert len(chain.logged("prediction_requested")) == 1


def notes_at(pacs: Pacs, image: Dataset) -> list[Dataset]:
    """The key object selections of an image's study that the PACS holds."""
    archive = pacs.orthanc.archive
    keys = {"StudyInstanceUID": str(image.StudyInstanceUID), "SOPClassUID": KEY_OBJECT_SELECTION}
    found = archive.post("/tools/find", {"Level": "Instance", "Query": keys})
    return [dcmread(BytesIO(archive.file(one))) for one in found]

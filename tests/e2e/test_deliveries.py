"""From an exam to a proven result at a destination: killed on the way, unapproved at first, kept outside Orthanc."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from bench.model import DECLARATION, answer
from demo.processes import free_port
from demo.waiting import until
from tests.delivery_chain import Pacs, make_known
from tests.dicom_factories import four_view_study
from tests.e2e.chain import Chain, model_settings, unique
from tests.e2e.conftest import started
from tests.fakes.models import Answering
from tests.fakes.pacs import ACCEPTED, DifficultPacs

from orchestrator.jobs import deliveries, shipments
from orchestrator.jobs.database import Database
from orchestrator.jobs.states import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

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
        assert "2 by find" in chain.wetread("deliveries", "--state", "DELIVERED")

        again = chain.send(four_view_study(study=unique()))
        chain.events.wait_for("result_delivered")
        assert [pacs.holds(str(one.dataset.SOPInstanceUID)) for one in chain.orthanc.archive.results(again)] == [1, 1]


def introduce(chain: Chain, pacs: Pacs) -> None:
    """Lets the two Orthancs know each other."""
    name = chain.orthanc.settings.ae_title
    make_known(chain.orthanc, "PACS", "PACS", pacs.orthanc.dicom_port)
    make_known(pacs.orthanc, name, name, chain.orthanc.dicom_port)

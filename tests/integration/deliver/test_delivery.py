"""Results on their way to a second Orthanc: proven there, each once, by every way in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from demo.orthanc import Orthanc, OrthancSettings
from demo.processes import free_port
from tests.delivery_chain import Chain, make_known

from orchestrator.errors import ActRefused
from orchestrator.handoffs import DeliveryKey
from orchestrator.jobs import audit
from orchestrator.jobs.states import DeliveryState
from orchestrator.operations import release

if TYPE_CHECKING:
    from pathlib import Path

    from tests.delivery_chain import Pacs

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("name", "settings", "proof"),
    [
        ("PACS", {"kind": "dicom"}, "commitment"),
        ("PACS", {"kind": "dicom", "proof": "find"}, "find"),
        ("PACS", {"kind": "dicom", "proof": "commitment"}, "commitment"),
        ("WEB", {"kind": "dicomweb"}, "find"),
        ("PEER", {"kind": "peer"}, "answer"),
    ],
)
def test_a_result_is_delivered_and_proven_object_by_object(
    tmp_path: Path, source: Orthanc, pacs: Pacs, *, name: str, settings: dict[str, Any], proof: str
) -> None:
    chain = Chain(tmp_path, source, {name: {"test": True, **settings}})
    result = chain.result()

    delivery = chain.attempt(DeliveryKey(result.job, name))

    assert (delivery.state, delivery.attempt) == (DeliveryState.DELIVERED, 1)
    assert {one.proof for one in chain.shipments(delivery.key)} == {proof}
    assert {kind: pacs.holds(uid) for kind, uid in result.sop_instance_uids.items()} == {"card": 1, "sr": 1}


def test_a_peer_is_proven_by_whom_it_is_the_same_system_as(tmp_path: Path, source: Orthanc, pacs: Pacs) -> None:
    destinations = {"PEER": {"kind": "peer", "test": True, "proven_by": "PACS"}, "PACS": {"spare": True}}
    chain = Chain(tmp_path, source, destinations)
    result = chain.result()

    delivery = chain.attempt(DeliveryKey(result.job, "PEER"))

    assert delivery.state is DeliveryState.DELIVERED
    assert {one.proof for one in chain.shipments(delivery.key)} == {"commitment"}
    assert pacs.holds(result.sop_instance_uids["card"]) == 1


def test_a_destination_gets_only_the_objects_that_it_wants_in_the_class_that_it_wants(
    tmp_path: Path, source: Orthanc, pacs: Pacs
) -> None:
    chain = Chain(tmp_path, source, {"PACS": {"test": True, "objects": ["sr"], "sr_class": "enhanced"}})
    result = chain.result()

    delivery = chain.attempt(DeliveryKey(result.job, "PACS"))

    (shipment,) = chain.shipments(delivery.key)
    assert delivery.state is DeliveryState.DELIVERED
    assert (shipment.sop_class_uid, shipment.relabelled) == ("1.2.840.10008.5.1.4.1.1.88.22", True)
    assert shipment.sop_instance_uid != result.sop_instance_uids["sr"]
    assert pacs.holds(shipment.sop_instance_uid) == 1
    assert pacs.holds(result.sop_instance_uids["card"]) == pacs.holds(result.sop_instance_uids["sr"]) == 0


def test_an_attempt_after_a_crash_sends_nothing_twice(tmp_path: Path, source: Orthanc, pacs: Pacs) -> None:
    chain = Chain(tmp_path, source, {"PACS": {"test": True}})
    result = chain.result()
    key = DeliveryKey(result.job, "PACS")
    delivered = chain.attempt(key)
    transfers = [one.transfers for one in chain.shipments(key)]
    with chain.database.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET state = 'QUEUED', engaged = 0")
        connection.exec_driver_sql("UPDATE shipments SET proof = NULL")

    again = chain.attempt(key)

    assert (delivered.state, again.state) == (DeliveryState.DELIVERED, DeliveryState.DELIVERED)
    assert [one.transfers for one in chain.shipments(key)] == transfers
    assert pacs.holds(result.sop_instance_uids["card"]) == 1


def test_no_destination_no_rows(tmp_path: Path, source: Orthanc) -> None:
    chain = Chain(tmp_path, source, {})
    result = chain.result()
    with chain.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM deliveries").scalar_one() == 0
    assert chain.job(result.job).state == "DONE"


@pytest.mark.parametrize(
    ("destination", "attributes", "delivery", "says"),
    [
        ({"test": True}, {}, {"auto_transmit": False}, "auto_transmit is off"),
        ({"test": True}, {"PatientIdentityRemoved": "YES"}, {}, "a copy under another identity"),
        ({"test": True}, {"StudyDate": "20200101"}, {}, "not of the last 7 days"),
        ({"test": True}, {"missing": ("StudyDate",)}, {}, "no usable date"),
        ({}, {}, {}, "not marked `test: true`"),
    ],
)
def test_what_must_not_leave_by_itself_is_held_with_the_reason(
    tmp_path: Path,
    source: Orthanc,
    *,
    destination: dict[str, Any],
    attributes: dict[str, Any],
    delivery: dict[str, Any],
    says: str,
) -> None:
    chain = Chain(tmp_path, source, {"PACS": destination}, **delivery)
    date = attributes.pop("StudyDate", None)
    result = chain.result(study_date=None if date is None else chain.clock.now - timedelta(days=3000), **attributes)

    held = chain.delivery(DeliveryKey(result.job, "PACS"))

    assert held.state is DeliveryState.HELD
    assert says in held.reason


def act(chain: Chain, job: str, destination: str = "") -> release.Act:
    return release.Act([job], destination, "Ada", "looked at it", chain.clock.now)


def test_a_released_result_goes_and_the_ledger_knows_who_let_it(tmp_path: Path, source: Orthanc, pacs: Pacs) -> None:
    chain = Chain(tmp_path, source, {"PACS": {"test": True}}, auto_transmit=False)
    result = chain.result()

    release.release(chain.database, chain.site, act(chain, result.job))

    assert chain.attempt(DeliveryKey(result.job, "PACS")).state is DeliveryState.DELIVERED
    with chain.database.read() as connection:
        (row,) = audit.of(connection, f"job {result.job} to PACS")
    assert (row.who, row.what, row.why, row.before, row.after) == ("Ada", "release", "looked at it", "HELD", "QUEUED")
    assert pacs.holds(result.sop_instance_uids["sr"]) == 1


def test_a_rejected_result_stays_and_cannot_slip_out(tmp_path: Path, source: Orthanc, pacs: Pacs) -> None:
    chain = Chain(tmp_path, source, {"PACS": {"test": True}}, auto_transmit=False)
    result = chain.result()

    release.reject(chain.database, act(chain, result.job))

    assert chain.until_ended(DeliveryKey(result.job, "PACS")).state is DeliveryState.REJECTED
    assert pacs.holds(result.sop_instance_uids["card"]) == 0
    with pytest.raises(ActRefused, match="waits for a decision any more: PACS REJECTED"):
        release.reject(chain.database, act(chain, result.job))


def test_a_demonstration_is_not_released_to_a_clinical_destination(tmp_path: Path, source: Orthanc) -> None:
    chain = Chain(tmp_path, source, {"PACS": {}})
    result = chain.result()

    with pytest.raises(ActRefused, match="demonstration"):
        release.release(chain.database, chain.site, act(chain, result.job))

    assert chain.delivery(DeliveryKey(result.job, "PACS")).state is DeliveryState.HELD


def test_a_result_that_waits_too_long_for_its_destination_is_held_because_it_is_late(
    tmp_path: Path, source: Orthanc, pacs: Pacs
) -> None:
    del pacs
    chain = Chain(tmp_path, source, {"PACS": {"test": True}}, deliver_within="4h")
    result = chain.result()
    chain.clock.advance(timedelta(hours=5))

    delivery = chain.attempt(DeliveryKey(result.job, "PACS"))

    assert (delivery.state, delivery.sent_at) == (DeliveryState.HELD, None)
    assert "later than 4 hours" in delivery.reason


def test_a_pacs_whose_commitment_report_never_comes_is_searched_instead(tmp_path: Path, source: Orthanc) -> None:
    own = Orthanc(tmp_path / "pacs", OrthancSettings(ae_title="SILENT", stable_age_s=1))
    own.start()
    try:
        make_known(source, "SILENT", "SILENT", own.dicom_port)
        make_known(own, "WETREAD", "WETREAD", free_port())
        chain = Chain(tmp_path, source, {"SILENT": {"test": True}})
        key = DeliveryKey(chain.result().job, "SILENT")

        assert chain.attempt(key).state is DeliveryState.DELIVERED
        assert {one.proof for one in chain.shipments(key)} == {"find"}
    finally:
        own.kill()

"""DICOMweb servers and peers that do not know Comprehensive 3D SR: the report goes in a class that they know."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from demo.orthanc import Orthanc, OrthancSettings
from tests.delivery_chain import Chain, Pacs, make_known, put
from tests.fakes.web_pacs import OUT_OF_RESOURCES, WebPacs

from orchestrator.deliver import passing
from orchestrator.deliver.reports import COMPREHENSIVE_3D_SR, COMPREHENSIVE_SR, ENHANCED_SR
from orchestrator.errors import Transient
from orchestrator.handoffs import DeliveryKey, Form, ObjectKind
from orchestrator.jobs import ledger
from orchestrator.jobs.states import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from orchestrator.jobs.shipments import Shipment

pytestmark = pytest.mark.integration
CARD = "1.2.840.10008.5.1.4.1.1.7"
WEB = {"kind": "dicomweb", "remote": "FOREIGN", "test": True}


def report(chain: Chain, key: DeliveryKey) -> Shipment:
    return next(one for one in chain.shipments(key) if one.kind == "sr")


def ours(chain: Chain, study: str) -> int:
    return len(chain.orthanc.archive.results(study))


@pytest.mark.parametrize("known", [COMPREHENSIVE_SR, ENHANCED_SR])
def test_a_dicomweb_server_without_3d_reports_gets_the_report_in_a_class_that_it_knows(
    tmp_path: Path, source: Orthanc, known: str
) -> None:
    with WebPacs((CARD, known)) as web:
        put(source, "/dicom-web/servers/FOREIGN", {"Url": web.url})
        chain = Chain(tmp_path, source, {"FOREIGN": dict(WEB)})
        result = chain.result()
        key = DeliveryKey(result.job, "FOREIGN")

        delivered = chain.attempt(key)

    sent = report(chain, key)
    assert delivered.state is DeliveryState.DELIVERED, delivered.reason
    assert (sent.sop_class_uid, sent.relabelled, sent.proof) == (known, True, "find")
    assert web.kept == {result.sop_instance_uids["card"]: 1, sent.sop_instance_uid: 1}
    assert web.refused[0] == COMPREHENSIVE_3D_SR
    assert ours(chain, result.study) == 2


def test_a_report_alone_is_offered_in_the_next_class_only_after_refusals_that_are_no_outage(
    tmp_path: Path, source: Orthanc
) -> None:
    with WebPacs((COMPREHENSIVE_SR,), reason=OUT_OF_RESOURCES) as web:
        put(source, "/dicom-web/servers/FOREIGN", {"Url": web.url})
        chain = Chain(tmp_path, source, {"FOREIGN": {**WEB, "objects": ["sr"]}})
        key = DeliveryKey(chain.result().job, "FOREIGN")

        states = []
        for _ in range(3):
            chain.clock.now = max(chain.clock.now, chain.delivery(key).not_before)
            states.append(chain.attempt(key).state)

    assert states == [DeliveryState.QUEUED, DeliveryState.QUEUED, DeliveryState.DELIVERED]
    assert web.refused == [COMPREHENSIVE_3D_SR] * 3


def test_a_report_that_arrived_although_the_answer_was_lost_is_not_sent_in_another_class(
    tmp_path: Path, source: Orthanc
) -> None:
    with WebPacs((CARD, COMPREHENSIVE_SR), mute=(COMPREHENSIVE_3D_SR,)) as web:
        put(source, "/dicom-web/servers/FOREIGN", {"Url": web.url})
        chain = Chain(tmp_path, source, {"FOREIGN": dict(WEB)})
        result = chain.result()
        key = DeliveryKey(result.job, "FOREIGN")

        waiting = chain.attempt(key)
        chain.clock.now = max(chain.clock.now, waiting.not_before)
        delivered = chain.attempt(key)

    assert waiting.state is DeliveryState.QUEUED
    assert delivered.state is DeliveryState.DELIVERED, delivered.reason
    assert web.kept == dict.fromkeys(result.sop_instance_uids.values(), 1)


def test_a_server_that_knows_no_report_at_all_is_tried_until_it_is_given_up(tmp_path: Path, source: Orthanc) -> None:
    with WebPacs((CARD,)) as web:
        put(source, "/dicom-web/servers/FOREIGN", {"Url": web.url})
        chain = Chain(tmp_path, source, {"FOREIGN": dict(WEB)}, deliver_within="90d")
        key = DeliveryKey(chain.result().job, "FOREIGN")

        waiting = chain.attempt(key)
        chain.clock.advance(timedelta(hours=25))
        given_up = chain.attempt(key)

    assert waiting.state is DeliveryState.QUEUED
    assert given_up.state is DeliveryState.FAILED
    assert web.refused[:3] == [COMPREHENSIVE_3D_SR, COMPREHENSIVE_SR, ENHANCED_SR]
    assert list(web.kept.values()) == [1]


def test_a_copy_that_a_dead_process_has_left_in_orthanc_is_taken_out(tmp_path: Path, source: Orthanc) -> None:
    with WebPacs((CARD, COMPREHENSIVE_SR)) as web:
        put(source, "/dicom-web/servers/FOREIGN", {"Url": web.url})
        chain = Chain(tmp_path, source, {"FOREIGN": dict(WEB)})
        result = chain.result()
        composed = [one.content for one in source.archive.results(result.study)]
        made = next(
            chain.tools().relabel(one, ObjectKind.REPORT, Form(sop_class_uid=COMPREHENSIVE_SR))
            for one in composed
            if COMPREHENSIVE_3D_SR.encode() in one[:600]
        )

        class Dies:
            def send(self, *_: object) -> None:
                raise SystemExit

        way = passing.Way(chain.archive, chain.database, Dies(), chain.clock)  # type: ignore[arg-type]
        with pytest.raises(SystemExit):
            passing.send(way, result.job, made, lambda: True)
    assert ours(chain, result.study) == 3
    with pytest.raises(Transient, match="another destination"):
        passing.send(way, result.job, made, lambda: True)
    assert ours(chain, result.study) == 3, "what passes to one destination is not taken out by another"

    later = chain.clock.now + timedelta(minutes=11)
    assert passing.clear(chain.database, chain.archive, later, later) == 1
    assert ours(chain, result.study) == 2
    with chain.database.read() as connection:
        assert {one.kind for one in ledger.results(connection, [result.job])} == {ObjectKind.CARD, ObjectKind.REPORT}


@pytest.fixture
def peer(tmp_path: Path, source: Orthanc) -> Iterator[Callable[[str], Pacs]]:
    """A second Orthanc that keeps only cards and reports of one class, as peer and as modality FILTER."""
    started = []

    def start(known: str) -> Pacs:
        script = tmp_path / "filter.lua"
        script.write_text(
            "function ReceivedInstanceFilter(dicom, origin)\n"
            f'  return dicom.SOPClassUID == "{CARD}" or dicom.SOPClassUID == "{known}"\nend\n',
            encoding="utf-8",
        )
        server = Orthanc(tmp_path / "peer", OrthancSettings(ae_title="FILTER", stable_age_s=1, lua_scripts=(script,)))
        server.start()
        started.append(server)
        account = {"Url": server.url, "Username": server.settings.username, "Password": server.password}
        put(source, "/peers/FILTER", account)
        make_known(source, "FILTER", "FILTER", server.dicom_port)
        make_known(server, "WETREAD", "WETREAD", source.dicom_port)
        return Pacs(server)

    yield start
    for server in started:
        server.kill()


@pytest.mark.parametrize("proven_by", ["", "FIND"])
def test_a_peer_that_filters_3d_reports_out_gets_the_report_in_a_class_that_it_keeps(
    tmp_path: Path, source: Orthanc, peer: Callable[[str], Pacs], proven_by: str
) -> None:
    pacs = peer(COMPREHENSIVE_SR)
    destinations = {
        "FILTER": {"kind": "peer", "remote": "FILTER", "test": True, "proven_by": proven_by},
        "FIND": {"remote": "FILTER", "test": True, "spare": True},
    }
    chain = Chain(tmp_path, source, destinations)
    result = chain.result()
    key = DeliveryKey(result.job, "FILTER")

    delivered = chain.attempt(key)

    sent = report(chain, key)
    assert delivered.state is DeliveryState.DELIVERED, delivered.reason
    assert sent.sop_class_uid == COMPREHENSIVE_SR
    assert pacs.counts() == {result.sop_instance_uids["card"]: 1, sent.sop_instance_uid: 1}


def test_a_peer_that_keeps_no_report_is_not_called_delivered(
    tmp_path: Path, source: Orthanc, peer: Callable[[str], Pacs]
) -> None:
    pacs = peer(CARD)
    chain = Chain(tmp_path, source, {"FILTER": {"kind": "peer", "remote": "FILTER", "test": True}})
    result = chain.result()

    failed = chain.attempt(DeliveryKey(result.job, "FILTER"))

    assert failed.state is DeliveryState.FAILED
    assert "leave `sr` out of the destination's `objects`" in failed.reason
    assert pacs.counts() == {result.sop_instance_uids["card"]: 1}

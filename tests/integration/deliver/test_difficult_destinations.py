"""Destinations as they are: each ends with everything there once, or in a state that says what is the matter."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from demo.processes import Command, Process, free_port
from demo.waiting import until
from tests.delivery_chain import Chain, make_known
from tests.fakes.pacs import (
    ACCEPTED,
    ALL_CLASSES,
    OUT_OF_RESOURCES,
    DifficultPacs,
)

from orchestrator.handoffs import DeliveryKey
from orchestrator.jobs.states import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from demo.orthanc import Orthanc
    from tests.delivery_chain import Pacs, Setting

pytestmark = pytest.mark.integration
NAME = "DIFFICULT"


def chain_to(folder: Path, source: Orthanc, port: int, **destination: Setting) -> Chain:
    make_known(source, NAME, NAME, port)
    return Chain(folder, source, {NAME: {"test": True, **destination}}, deliver_within="90d")


def test_a_destination_that_is_down_is_tried_for_hours_with_growing_pauses(tmp_path: Path, source: Orthanc) -> None:
    port = free_port()
    chain = chain_to(tmp_path, source, port)
    key, other = (DeliveryKey(chain.result().job, NAME) for _ in range(2))
    pauses = []
    for _ in range(6):
        chain.clock.now = max(chain.clock.now, chain.delivery(key).not_before)
        waiting = chain.attempt(key)
        assert (waiting.state, waiting.engaged) == (DeliveryState.QUEUED, False)
        pauses.append(waiting.not_before - chain.clock.now)

    assert "nobody listens" in waiting.reason
    assert pauses[-1] > 4 * pauses[0]
    assert chain.delivery(other).attempt == 0
    assert chain.delivery(other).not_before == waiting.not_before

    with DifficultPacs(port) as pacs:
        chain.clock.now = waiting.not_before
        assert chain.attempt(key).state is DeliveryState.DELIVERED
        assert chain.attempt(other).state is DeliveryState.DELIVERED
    assert set(pacs.kept.values()) == {1}
    assert len(pacs.kept) == 4


def test_it_is_given_up_after_a_day_and_can_be_released_again(tmp_path: Path, source: Orthanc) -> None:
    chain = chain_to(tmp_path, source, free_port())
    key = DeliveryKey(chain.result().job, NAME)
    chain.attempt(key)
    chain.clock.advance(timedelta(hours=25))

    failed = chain.attempt(key)

    assert failed.state is DeliveryState.FAILED
    assert "given up" in failed.reason
    assert "wetread release" in failed.reason


def test_an_association_that_is_refused_says_what_to_have_added(tmp_path: Path, source: Orthanc) -> None:
    with DifficultPacs(free_port(), refuses_associations=True) as pacs:
        chain = chain_to(tmp_path, source, pacs.port)

        waiting = chain.attempt(DeliveryKey(chain.result().job, NAME))

    assert waiting.state is DeliveryState.QUEUED
    assert "does it know Orthanc's AE title" in waiting.reason
    assert pacs.received == 0


def test_an_alias_that_orthanc_does_not_have_is_named(tmp_path: Path, source: Orthanc) -> None:
    chain = Chain(tmp_path, source, {"NOWHERE": {"test": True}})

    waiting = chain.attempt(DeliveryKey(chain.result().job, "NOWHERE"))

    assert waiting.state is DeliveryState.QUEUED
    assert "no modality NOWHERE; add it to Orthanc's configuration" in waiting.reason


@pytest.mark.parametrize(
    "misbehaves",
    [
        lambda number: OUT_OF_RESOURCES if number % 7 == 0 else ACCEPTED,
        lambda number: None if number % 3 == 1 else ACCEPTED,
    ],
    ids=["refuses every 7th", "drops the connection in the middle of every 3rd"],
)
def test_everything_is_there_in_the_end_and_nothing_is_two_things(
    tmp_path: Path, source: Orthanc, misbehaves: Callable[[int], int | None]
) -> None:
    with DifficultPacs(free_port(), answer=misbehaves) as pacs:
        chain = chain_to(tmp_path, source, pacs.port)
        results = [chain.result() for _ in range(8)]

        ended = [chain.until_ended(DeliveryKey(result.job, NAME)) for result in results]

    assert {one.state for one in ended} == {DeliveryState.DELIVERED}
    assert any(one.attempt > 1 for one in ended)
    assert set(pacs.kept) == {uid for result in results for uid in result.sop_instance_uids.values()}
    assert set(pacs.kept.values()) == {1}
    assert all(len(different) == 1 for different in pacs.contents.values())


def test_what_was_accepted_and_is_not_shown_is_never_called_delivered(tmp_path: Path, source: Orthanc) -> None:
    with DifficultPacs(free_port(), keeps_what_it_accepts=False) as pacs:
        chain = chain_to(tmp_path, source, pacs.port)

        waiting = chain.attempt(DeliveryKey(chain.result().job, NAME))

    assert pacs.received == 2
    assert waiting.state is DeliveryState.QUEUED
    assert "does not show 2 of it" in waiting.reason


def test_a_destination_that_cannot_be_asked_proves_nothing(tmp_path: Path, source: Orthanc) -> None:
    with DifficultPacs(free_port(), can_be_searched=False) as pacs:
        chain = chain_to(tmp_path, source, pacs.port)

        waiting = chain.attempt(DeliveryKey(chain.result().job, NAME))

    assert waiting.state is DeliveryState.QUEUED
    assert "cannot be asked what it holds" in waiting.reason


@pytest.mark.parametrize("known", ["1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.88.22"])
def test_a_destination_without_comprehensive_3d_sr_gets_the_report_in_a_class_that_it_knows(
    tmp_path: Path, source: Orthanc, known: str
) -> None:
    with DifficultPacs(free_port(), classes=(ALL_CLASSES[0], known)) as pacs:
        chain = chain_to(tmp_path, source, pacs.port)
        result = chain.result()
        key = DeliveryKey(result.job, NAME)

        delivered = chain.attempt(key)

    report = next(one for one in chain.shipments(key) if one.kind == "sr")
    assert delivered.state is DeliveryState.DELIVERED
    assert (report.sop_class_uid, report.relabelled) == (known, True)
    assert set(pacs.kept) == {result.sop_instance_uids["card"], report.sop_instance_uid}
    assert report.sop_instance_uid != result.sop_instance_uids["sr"]


def test_a_destination_without_any_sr_fails_and_says_what_to_set(tmp_path: Path, source: Orthanc) -> None:
    with DifficultPacs(free_port(), classes=ALL_CLASSES[:1]) as pacs:
        chain = chain_to(tmp_path, source, pacs.port)

        failed = chain.attempt(DeliveryKey(chain.result().job, NAME))

    assert failed.state is DeliveryState.FAILED
    assert "leave `sr` out of the destination's `objects`" in failed.reason
    assert len(pacs.kept) == 1


@pytest.fixture
def dcmqrscp(source: Orthanc, tmp_path: Path) -> Iterator[Path]:
    """Another vendor's PACS: dcmtk's, which can be searched."""
    if shutil.which("dcmqrscp") is None:
        pytest.skip("dcmtk is not installed; type:  demo/host-packages dcmtk")
    port = free_port()
    (tmp_path / "store").mkdir()
    configuration = tmp_path / "dcmqrscp.cfg"
    configuration.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\nHostTable BEGIN\nHostTable END\n"
        f"VendorTable BEGIN\nVendorTable END\nAETable BEGIN\nQR {tmp_path}/store RW (200, 1024mb) ANY\nAETable END\n",
        encoding="utf-8",
    )
    process = Process(Command("dcmqrscp", ("dcmqrscp", "-c", str(configuration)), tmp_path / "dcmqrscp.log"))
    make_known(source, "QR", "QR", port)
    echo = ["echoscu", "-aec", "QR", "127.0.0.1", str(port)]
    until(
        lambda: subprocess.run(echo, check=False, capture_output=True).returncode == 0 or None,
        what="dcmqrscp",
        deadline_s=20,
    )
    yield tmp_path / "store"
    process.stop()


@pytest.fixture(params=[True, False], ids=["with SR classes", "without SR classes"])
def storescp(source: Orthanc, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Path, bool]]:
    """Another vendor's receiver, dcmtk's: it takes and keeps files and can be asked nothing."""
    if shutil.which("storescp") is None:
        pytest.skip("dcmtk is not installed; type:  demo/host-packages dcmtk")
    port, folder, profile = free_port(), tmp_path / "received", tmp_path / "storescp.cfg"
    folder.mkdir()
    profile.write_text(
        "[[TransferSyntaxes]]\n[Plain]\nTransferSyntax1 = LittleEndianExplicit\nTransferSyntax2 = "
        "LittleEndianImplicit\n[[PresentationContexts]]\n[Cards]\nPresentationContext1 = VerificationSOPClass\\Plain\n"
        "PresentationContext2 = SecondaryCaptureImageStorage\\Plain\n[[Profiles]]\n[Default]\n"
        "PresentationContexts = Cards\n",
        encoding="utf-8",
    )
    limited = () if request.param else ("-xf", str(profile), "Default")
    process = Process(
        Command("storescp", ("storescp", *limited, "-od", str(folder), str(port)), tmp_path / "storescp.log")
    )
    make_known(source, "STORE", "STORE", port)
    echo = ["echoscu", "127.0.0.1", str(port)]
    until(
        lambda: subprocess.run(echo, check=False, capture_output=True).returncode == 0 or None,
        what="storescp",
        deadline_s=20,
    )
    yield folder, request.param
    process.stop()


def test_a_receiver_that_can_be_asked_nothing_has_the_objects_and_they_are_not_called_delivered(
    tmp_path: Path, source: Orthanc, storescp: tuple[Path, bool]
) -> None:
    folder, knows_reports = storescp
    chain = Chain(tmp_path, source, {"STORE": {"test": True}}, deliver_within="90d")
    key = DeliveryKey(chain.result().job, "STORE")

    waiting = chain.attempt(key)

    if knows_reports:
        assert waiting.state is DeliveryState.QUEUED
        assert "cannot be asked what it holds" in waiting.reason
        assert {one.status for one in chain.shipments(key)} == {"accepted"}
        assert len(list(folder.iterdir())) == 2
    else:
        assert waiting.state is DeliveryState.FAILED
        assert "leave `sr` out of the destination's `objects`" in waiting.reason
        assert len(list(folder.iterdir())) == 1


def test_such_a_receiver_is_given_up_in_the_end_and_says_what_to_set(
    tmp_path: Path, source: Orthanc, storescp: tuple[Path, bool]
) -> None:
    folder, _ = storescp
    chain = Chain(tmp_path, source, {"STORE": {"test": True, "objects": ["card"]}}, deliver_within="90d")
    key = DeliveryKey(chain.result().job, "STORE")

    chain.until_ended(key, attempts=3)
    chain.clock.advance(timedelta(hours=25))
    given_up = chain.attempt(key)

    assert [one.transfers for one in chain.shipments(key)] == [1]
    assert given_up.state is DeliveryState.FAILED
    assert "cannot be asked what it holds" in given_up.reason
    assert "Allow one of the two there" in given_up.reason
    assert len(list(folder.iterdir())) == 1


def test_another_vendors_pacs_gets_and_shows_everything(tmp_path: Path, source: Orthanc, dcmqrscp: Path) -> None:
    chain = Chain(tmp_path, source, {"QR": {"test": True}})
    key = DeliveryKey(chain.result().job, "QR")

    delivered = chain.until_ended(key)

    assert delivered.state is DeliveryState.DELIVERED, delivered.reason
    assert {one.proof for one in chain.shipments(key)} == {"find"}
    assert len([one for one in dcmqrscp.iterdir() if one.suffix == ".dcm"]) == 2


def test_the_guards_of_a_clinical_destination_hold_for_old_studies(tmp_path: Path, source: Orthanc, pacs: Pacs) -> None:
    before = sum(pacs.counts().values())
    chain = Chain(tmp_path, source, {"PACS": {"test": True}})
    old = chain.clock.now - timedelta(days=400)

    keys = [DeliveryKey(chain.result(study_date=old).job, "PACS") for _ in range(20)]

    assert {chain.delivery(key).state for key in keys} == {DeliveryState.HELD}
    assert sum(pacs.counts().values()) == before

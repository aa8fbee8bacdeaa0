from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator.handoffs import DeliveryKey, Digest, Form, JobKey, OrthancId, Purpose
from orchestrator.jobs import deliveries, leftovers, shipments
from orchestrator.jobs.states import DeliveryState

if TYPE_CHECKING:
    import sqlalchemy as sa

    from orchestrator.jobs.database import Database

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
KEY = DeliveryKey(JobKey("a" * 64), "PACS")
NEW = deliveries.NewDelivery(KEY, OrthancId("study"), "2026-03-02", altered=False, stage="research")
CARD = shipments.Shipment(KEY, "card", "1.7", "2.25.1", "2.25.2", "2.25.3", OrthancId("o"), Digest("s"))


def opened(connection: sa.Connection, state: DeliveryState = DeliveryState.QUEUED) -> deliveries.Delivery:
    return deliveries.open_delivery(connection, NEW, state, NOW, "why")


def found(connection: sa.Connection) -> deliveries.Delivery:
    delivery = deliveries.find(connection, KEY)
    assert delivery is not None
    return delivery


def test_opening_twice_keeps_what_is_there(ledger_with_a_job: Database) -> None:
    with ledger_with_a_job.write() as connection:
        assert deliveries.move(connection, opened(connection), DeliveryState.SENDING, NOW)

        assert opened(connection).state is DeliveryState.SENDING


@pytest.mark.parametrize("state", [DeliveryState.HELD, DeliveryState.QUEUED])
def test_a_withdrawn_delivery_begins_anew_when_its_job_is_done_again(
    ledger_with_a_job: Database, state: DeliveryState
) -> None:
    with ledger_with_a_job.write() as connection:
        deliveries.move(connection, opened(connection), DeliveryState.RETRACTED, NOW)

        again = opened(connection, state)

        assert (again.state, again.failures, again.released) == (state, 0, False)


def test_only_one_of_two_sweeps_gets_a_delivery(ledger_with_a_job: Database) -> None:
    with ledger_with_a_job.write() as connection:
        delivery = opened(connection)

        assert [deliveries.engage(connection, delivery) for _ in range(2)] == [1, None]
        assert deliveries.due(connection, "PACS", NOW, 10) == []
        assert [one.attempt for one in deliveries.engaged(connection, "PACS")] == [1]


def test_an_attempt_that_was_overtaken_moves_nothing(ledger_with_a_job: Database) -> None:
    with ledger_with_a_job.write() as connection:
        stale = opened(connection)
        deliveries.engage(connection, stale)

        assert not deliveries.move(connection, stale, DeliveryState.SENDING, NOW)
        assert not deliveries.still(connection, stale)
        assert deliveries.still(connection, found(connection))


def test_a_way_that_the_table_does_not_have_is_a_defect(ledger_with_a_job: Database) -> None:
    with ledger_with_a_job.write() as connection, pytest.raises(ValueError, match="no way from HELD to DELIVERED"):
        deliveries.move(connection, opened(connection, DeliveryState.HELD), DeliveryState.DELIVERED, NOW)


def test_waiting_gives_the_delivery_back_with_a_pause_and_a_reason(ledger_with_a_job: Database) -> None:
    with ledger_with_a_job.write() as connection:
        deliveries.engage(connection, opened(connection))
        deliveries.move(connection, found(connection), DeliveryState.SENDING, NOW)
        deliveries.wait(connection, found(connection), NOW + timedelta(seconds=9), NOW, "refused", failed=True)

        waiting = found(connection)
        assert (waiting.state, waiting.engaged, waiting.failures) == (DeliveryState.QUEUED, False, 1)
        assert deliveries.due(connection, "PACS", NOW, 10) == []
        assert deliveries.due(connection, "PACS", NOW + timedelta(seconds=10), 10) == [waiting]


def test_an_unreachable_destination_costs_one_attempt_and_not_one_per_result(ledger_with_a_job: Database) -> None:
    with ledger_with_a_job.write() as connection:
        opened(connection)
        other = replace(NEW, key=DeliveryKey(KEY.job, "OTHER"))
        deliveries.open_delivery(connection, other, DeliveryState.QUEUED, NOW, "")

        assert deliveries.postpone_all(connection, "PACS", NOW + timedelta(minutes=1), "down") == 1
        assert deliveries.destinations_due(connection, NOW) == ["OTHER"]


def test_withdrawing_names_the_destinations_where_something_may_be(ledger_with_a_job: Database) -> None:
    with ledger_with_a_job.write() as connection:
        deliveries.move(connection, opened(connection), DeliveryState.SENDING, NOW, changes={"sent_at": NOW})
        deliveries.open_delivery(
            connection, replace(NEW, key=DeliveryKey(KEY.job, "OTHER")), DeliveryState.HELD, NOW, ""
        )

        there = deliveries.withdraw(connection, [KEY.job], DeliveryState.RETRACTED, NOW, "wrong patient")

        assert [one.key.destination for one in there] == ["PACS"]
        assert {one.state for one in deliveries.listed(connection)} == {DeliveryState.RETRACTED}


def test_after_a_restore_results_wait_for_a_person_and_rejections_go_on(ledger_with_a_job: Database) -> None:
    rejection = replace(NEW, key=replace(KEY, purpose=Purpose.REJECTION))
    held = replace(NEW, key=DeliveryKey(KEY.job, "OTHER"))
    with ledger_with_a_job.write() as connection:
        opened(connection)
        deliveries.open_delivery(connection, rejection, DeliveryState.QUEUED, NOW, "")
        deliveries.open_delivery(connection, held, DeliveryState.HELD, NOW, "why")

        leftovers.hold_deliveries(connection, NOW)

        after = {one.key: one for one in deliveries.listed(connection)}
        assert (after[KEY].state, after[KEY].sent_at) == (DeliveryState.HELD, NOW)
        assert (after[rejection.key].state, after[rejection.key].sent_at) == (DeliveryState.QUEUED, None)
        assert (after[held.key].state, after[held.key].reason, after[held.key].sent_at) == (
            DeliveryState.HELD,
            "why",
            NOW,
        ), "it may have been released and sent since the copy was made"


def test_a_shipment_remembers_transfers_and_proof(ledger_with_a_job: Database) -> None:
    with ledger_with_a_job.write() as connection:
        opened(connection)
        shipments.note(connection, [CARD, CARD])
        shipments.transferred(connection, CARD, "refused with 0xA700", accepted=False)
        shipments.transferred(connection, CARD, "accepted", accepted=True)
        shipments.proven(connection, KEY, {CARD.sop_instance_uid: "find"}, NOW)

        (known,) = shipments.of(connection, KEY)
        assert (known.transfers, known.status, known.proof, known.proven_at) == (1, "accepted", "find", NOW)


def test_an_object_in_another_class_takes_the_place_of_the_first_one(ledger_with_a_job: Database) -> None:
    with ledger_with_a_job.write() as connection:
        opened(connection)
        shipments.note(connection, [CARD])
        shipments.exchange(connection, CARD, replace(CARD, sop_instance_uid="2.25.9", relabelled=True))

        assert [one.sop_instance_uid for one in shipments.of(connection, KEY)] == ["2.25.9"]


def test_the_form_of_a_shipment_is_kept_and_one_from_before_there_were_forms_has_its_class(
    ledger_with_a_job: Database,
) -> None:
    form = Form("1.2.840.10008.5.1.4.1.1.88.33", series_number=501, shows_grade=True, summary="mäßig")
    made = replace(CARD, sop_class_uid=form.sop_class_uid, sop_instance_uid="2.25.9", relabelled=True, form=form)
    with ledger_with_a_job.write() as connection:
        opened(connection)
        shipments.note(connection, [made])
        (kept,) = shipments.of(connection, KEY)
        connection.exec_driver_sql("UPDATE shipments SET form = ''")
        (old,) = shipments.of(connection, KEY)

    assert kept.form == form
    assert old.form == Form(sop_class_uid=form.sop_class_uid)


def test_what_was_removed_is_known_by_its_study(ledger_with_a_job: Database) -> None:
    removal = shipments.Removal(OrthancId("i"), "2.25.7", OrthancId("study"), "PACS", "find", "delivered")
    with ledger_with_a_job.write() as connection:
        shipments.note_removals(connection, [removal, removal], NOW)

        assert shipments.removed(connection, OrthancId("study")) == {"2.25.7"}
        assert shipments.removed(connection, OrthancId("other")) == frozenset()

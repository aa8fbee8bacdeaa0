from orchestrator.jobs.states import (
    ACTIVE,
    DELIVERY_TRANSITIONS,
    ENDED,
    TRANSITIONS,
    WITHDRAWN,
    DeliveryState,
    JobState,
    delivery_diagram,
    diagram,
)


def test_every_state_has_its_ways() -> None:
    assert set(TRANSITIONS) == set(JobState)


def test_every_state_can_be_reached_from_the_start() -> None:
    reached, fresh = set(), {JobState.QUEUED}
    while fresh:
        reached |= fresh
        fresh = {target for state in fresh for target in TRANSITIONS[state]} - reached
    assert reached == set(JobState)


def test_no_job_is_stuck_every_ended_one_can_be_taken_up_again() -> None:
    assert all(JobState.QUEUED in TRANSITIONS[state] for state in ENDED)


def test_every_job_that_is_not_ended_can_be_stopped_failed_and_lost() -> None:
    for state in ACTIVE | {JobState.QUEUED}:
        assert {JobState.CANCELLED, JobState.FAILED, JobState.GONE, JobState.SUPERSEDED} <= TRANSITIONS[state]


def test_a_result_is_done_when_it_was_stored_or_in_shadow_could_have_been() -> None:
    assert [state for state in JobState if JobState.DONE in TRANSITIONS[state]] == [
        JobState.COMPOSING,
        JobState.STORING,
    ]


def test_the_diagram_shows_every_way() -> None:
    assert diagram().count("-->") == 1 + sum(len(targets) for targets in TRANSITIONS.values())


def test_every_delivery_can_be_withdrawn_whatever_it_is_doing() -> None:
    assert set(DELIVERY_TRANSITIONS) == set(DeliveryState)
    for state in set(DeliveryState) - WITHDRAWN:
        assert DELIVERY_TRANSITIONS[state] >= WITHDRAWN


def test_nothing_is_delivered_without_a_proof_and_nothing_held_is_sent_without_being_queued() -> None:
    ways = {state: {one for one in DeliveryState if state in DELIVERY_TRANSITIONS[one]} for state in DeliveryState}
    assert ways[DeliveryState.DELIVERED] == {DeliveryState.PROVING}
    assert ways[DeliveryState.PROVING] == {DeliveryState.SENDING}
    assert ways[DeliveryState.SENDING] == {DeliveryState.QUEUED}


def test_the_diagram_of_deliveries_shows_every_way() -> None:
    assert delivery_diagram().count("-->") == 1 + sum(len(targets) for targets in DELIVERY_TRANSITIONS.values())

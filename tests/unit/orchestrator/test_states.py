from orchestrator.jobs.states import ACTIVE, ENDED, TRANSITIONS, JobState, diagram


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


def test_a_result_is_never_done_without_having_been_stored() -> None:
    assert [state for state in JobState if JobState.DONE in TRANSITIONS[state]] == [JobState.STORING]


def test_the_diagram_shows_every_way() -> None:
    assert diagram().count("-->") == 1 + sum(len(targets) for targets in TRANSITIONS.values())

"""Waiting between two looks: woken at once, stopped at once, never busy without a reason."""

from __future__ import annotations

import threading

from orchestrator.jobs.bell import LEAST_S, Bell

LONG_S = 3600.0
"""Nobody waits so long: a test that would, is ended by its deadline."""


def in_a_thread(bell: Bell) -> tuple[threading.Thread, list[bool]]:
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(bell.wait(LONG_S)), daemon=True)
    thread.start()
    return thread, answers


def test_who_waits_is_woken_by_a_ring_and_not_told_to_stop() -> None:
    bell = Bell()
    thread, answers = in_a_thread(bell)
    bell.ring()
    thread.join(60)
    assert answers == [False]


def test_a_ring_before_the_wait_is_not_lost() -> None:
    bell = Bell()
    bell.ring()
    assert bell.wait(LONG_S) is False


def test_who_waits_is_told_to_stop_at_once() -> None:
    bell = Bell()
    thread, answers = in_a_thread(bell)
    bell.set()
    thread.join(60)
    assert answers == [True]
    assert bell.wait(LONG_S) is True


def test_without_a_ring_it_is_the_pause_that_ends() -> None:
    assert Bell().wait(0.001) is False


def test_for_a_while_after_a_ring_looks_come_by_themselves_and_not_faster_than_allowed() -> None:
    bell = Bell()
    bell.ring()
    bell.wait(LONG_S)
    assert bell.wait(LONG_S) is False
    looked_at = bell._looked_at
    assert bell.wait(LONG_S) is False
    assert bell._looked_at - looked_at >= LEAST_S * 0.99

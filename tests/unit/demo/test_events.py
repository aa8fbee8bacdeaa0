from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from demo.events import EventLog
from demo.following import Follower, short
from demo.waiting import NotInTime

if TYPE_CHECKING:
    from pathlib import Path


class Log:
    def __init__(self, file: Path) -> None:
        self.file = file

    def write(self, event: str, **values: object) -> None:
        self.write_raw(json.dumps({"event": event, **values}) + "\n")

    def write_raw(self, text: str) -> None:
        with self.file.open("a", encoding="utf-8") as file:
            file.write(text)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log")


def test_only_what_is_written_from_now_on_is_read(log: Log) -> None:
    log.write("before")
    events = EventLog(log.file)
    log.write("after")

    assert [event.name for event in events.new()] == ["after"]
    assert list(events.new()) == []


def test_half_a_line_is_read_when_it_is_whole(log: Log) -> None:
    events = EventLog(log.file)
    log.write_raw('{"event": "result_')
    assert list(events.new()) == []

    log.write_raw('stored", "job": "abc"}\n')

    assert [(event.name, event.text("job")) for event in events.new()] == [("result_stored", "abc")]


def test_lines_that_are_no_events_are_passed_over(log: Log) -> None:
    events = EventLog(log.file)
    log.write_raw("Traceback\n{broken\n\n{}\n")
    log.write("job_failed")

    assert [event.name for event in events.new()] == ["job_failed"]


def test_events_can_be_waited_for_in_either_order(log: Log) -> None:
    events = EventLog(log.file)
    log.write("one", job="a")
    log.write("two", job="a")
    log.write("one", job="b")

    assert events.wait_for("two").text("job") == "a"
    assert events.wait_for("one", job="b").text("job") == "b"
    assert events.wait_for("one").text("job") == "a"
    with pytest.raises(NotInTime, match="the orchestrator logs one"):
        events.wait_for("one", deadline_s=0)


def test_waiting_ends_when_nobody_writes_any_more(log: Log) -> None:
    class Ended(Exception):
        pass

    def ended() -> None:
        raise Ended

    with pytest.raises(Ended):
        EventLog(log.file, ended).wait_for("never")


def test_a_job_is_followed_to_its_study(log: Log) -> None:
    events = EventLog(log.file)
    follower = Follower({short("study-1"), short("study-2")})
    log.write("job_queued", job="j", study=short("study-1"))
    log.write("study_judged", study=short("study-2"), INCOMPLETE=1)
    log.write("study_judged", study=short("study-1"), MATCHED=1, MISSED=2)
    log.write("job_unsuitable", job="j", code="too_small")

    for event in events.new():
        follower.feed(event)

    assert follower.ended == {short("study-1"): "job_unsuitable", short("study-2"): "INCOMPLETE"}
    assert not follower.waiting

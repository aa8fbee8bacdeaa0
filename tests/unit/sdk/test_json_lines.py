"""One format of lines in a container, whatever writes them; the program of the images, run as it runs there."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parents[3] / "compose/images/json-lines"


def _start(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-I", PROGRAM, "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _said(script: str) -> tuple[list[dict[str, Any]], str, int]:
    with _start(script) as process:
        out, err = process.communicate(timeout=60)
    return [json.loads(line) for line in out.splitlines()], err, process.returncode


def test_a_line_that_is_an_object_passes_and_any_other_is_quoted_from_both_streams() -> None:
    events, err, status = _said("""echo '{"event": "ours", "level": "info"}'; echo 'I0000 oneDNN "on"' >&2; echo 7""")

    assert events[0] == {"event": "ours", "level": "info"}
    assert [event["text"] for event in events[1:]] == ['I0000 oneDNN "on"', "7"]
    assert all(event.keys() >= {"timestamp", "level", "event"} for event in events[1:])
    assert (err, status) == ("", 0)


def test_bytes_that_are_no_text_do_not_end_it() -> None:
    events, _, status = _said(r"printf 'a\377b\n'; printf 'without an end'")

    assert [event["text"] for event in events] == ["a\N{REPLACEMENT CHARACTER}b", "without an end"]
    assert status == 0


def test_the_status_is_the_program_s() -> None:
    assert _said("exit 3")[2] == 3
    assert _said("kill -KILL $$")[2] == 128 + signal.SIGKILL


def test_a_signal_reaches_the_program_and_its_last_words_are_heard() -> None:
    with _start("trap 'echo drained; exit 0' TERM; echo started; while :; do sleep 0.1; done") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["text"] == "started"
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)

    assert json.loads(out)["text"] == "drained"
    assert process.returncode == 0

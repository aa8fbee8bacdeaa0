from __future__ import annotations

import json
import logging

from wetread_sdk.logs import JsonLines


def formatted(**extra: object) -> dict[str, object]:
    record = logging.makeLogRecord({"msg": "model_ready", "name": "wetread_sdk.server", "levelname": "INFO"} | extra)
    line: dict[str, object] = json.loads(JsonLines().format(record))
    return line


def test_an_event_is_one_json_object_with_its_facts() -> None:
    line = formatted(facts={"port": 50051, "model": "brdensity"})

    assert line["event"] == "model_ready"
    assert (line["level"], line["port"], line["model"]) == ("info", 50051, "brdensity")
    assert str(line["timestamp"]).endswith("+00:00")


def test_the_text_of_an_exception_is_left_out_because_it_may_quote_a_header() -> None:
    error = ValueError("DOE^JANE")

    line = formatted(exc_info=(ValueError, error, None))

    assert line["error"] == "ValueError"
    assert "DOE" not in json.dumps(line)


def test_other_scripts_are_written_as_they_are() -> None:
    record = logging.makeLogRecord({"msg": "größer", "facts": {"what": "試験"}})

    assert "größer" in JsonLines().format(record)
    assert "試験" in JsonLines().format(record)

"""docs/pacs.md is true: its commands run in its order and say what it says they say."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from bench.measures import stack
from demo.services import SCRIPTS
from tests.delivery_chain import make_known
from tests.dicom_factories import as_file, four_view_study

if TYPE_CHECKING:
    from demo.stack import Stack
    from tests.delivery_chain import Pacs

pytestmark = pytest.mark.integration
PAGE = Path(__file__).parents[3] / "docs/pacs.md"


def blocks() -> list[list[tuple[str, list[str]]]]:
    """The console blocks of the page: commands, each with the words that it is said to print."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        commands: list[tuple[str, list[str]]] = []
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append((line[2:], []))
            else:
                commands[-1][1].append(line)
        found.append(commands)
    return found


class Shell:
    """One bash that remembers its variables."""

    def __init__(self, environment: dict[str, str]) -> None:
        path = f"{SCRIPTS}:{os.environ['PATH']}"
        self._shell = subprocess.Popen(
            ["bash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PATH": path, "COLUMNS": "250", **environment},
        )

    def run(self, command: str) -> str:
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.write(f"{command}\necho; echo ended $?\n")
        self._shell.stdin.flush()
        said = ""
        while not (found := re.search(r"^ended (\d+)$", said, re.MULTILINE)):
            line = self._shell.stdout.readline()
            assert line, said
            said += line
        assert found[1] == "0", f"{command}\n{said}"
        return said

    def close(self) -> None:
        assert self._shell.stdin
        self._shell.stdin.close()
        self._shell.wait(timeout=10)


def test_every_command_of_the_page_runs_and_says_what_the_page_says(tmp_path: Path, pacs: Pacs) -> None:
    with stack(tmp_path) as running:
        _put_page_into_site_file(running)
        events = running.start()
        name = running.orthanc.settings.ae_title
        make_known(pacs.orthanc, name, name, running.orthanc.dicom_port)
        shell = Shell(_variables(running, pacs))
        sent = False
        for commands in blocks():
            for command, words in commands:
                if command == "wetread deliveries" and not sent:
                    for view in four_view_study(study="pacs page"):
                        running.archive.upload(as_file(view))
                    events.wait_for("delivery_held")
                    sent = True
                said = shell.run(command)
                assert [word for word in words if not _is_in(word, said)] == [], said
        shell.close()
        assert commands[-1][0] == "wetread check $SITE", "the page ends with the switch"
        events.wait_for("site_file_changed")
        for view in four_view_study(study="after the switch"):
            running.archive.upload(as_file(view))
        for _ in ("the one that was released", "the one that goes by itself"):
            events.wait_for("result_delivered")
    assert sent
    assert sum(len(commands) for commands in blocks()) >= 12


def _is_in(word: str, said: str) -> bool:
    return all(part.strip() in said for part in word.split("…"))


def _put_page_into_site_file(running: Stack) -> None:
    """The site file of the page, on top of the stack's own; the exam of this test is of an older day."""
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    shown = yaml.safe_load(text)
    shown["delivery"]["study_date_within"] = "9000d"
    file = running.orchestrator.site_file
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text(encoding="utf-8")) | shown), encoding="utf-8")


def _variables(running: Stack, pacs: Pacs) -> dict[str, str]:
    settings = running.orthanc.settings
    address = running.orthanc.url.replace("http://", f"http://{settings.username}:{running.orthanc.password}@")
    return {
        "ORTHANC": address,
        "PACS_PORT": str(pacs.orthanc.dicom_port),
        "SITE": str(running.orchestrator.site_file),
        "WETREAD_SITE": str(running.orchestrator.site_file),
        "MODEL": "instant",
        "VERSION": "1.0.0",
    }

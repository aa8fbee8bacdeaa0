from __future__ import annotations

import re

import pytest
import typer
from typer.testing import CliRunner

from brdensity.cli import application

COMMANDS = sorted(
    str(command.name or command.callback.__name__) for command in application.registered_commands if command.callback
)


def said(*arguments: str) -> str:
    result = CliRunner().invoke(application, arguments, env={"COLUMNS": "200", "TERM": "dumb"})

    assert result.exit_code == 0, result.output
    return result.output


def test_the_help_says_what_it_is_for_and_where_to_begin() -> None:
    text = said("--help")

    assert "not for clinical use" in text
    assert "brdensity serve" in text
    assert COMMANDS == ["evaluate", "import", "phantom", "serve", "store", "train", "wrap"]
    assert all(re.search(rf"^.? {command} +[A-Z]", text, re.MULTILINE) for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_each_of_its_options_says_what_it_is(command: str) -> None:
    found = typer.main.get_command(application).commands[command]  # type: ignore[attr-defined]  # of a group

    assert found.help
    assert [option.name for option in found.params if not option.help] == []
    assert "Usage" in said(command, "--help")

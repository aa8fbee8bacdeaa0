"""Checks a file before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from orchestrator import settings
from orchestrator.errors import DeclarationInvalid
from wetread_contract.declaration import DeclarationError, parse

if TYPE_CHECKING:
    from pathlib import Path

    from wetread_contract.declaration import Declaration


def is_declaration(file: Path) -> bool:
    """Whether a file is a model.yaml rather than a site file. Raises `SettingsInvalid` if it cannot be read."""
    try:
        root = yaml.compose(settings.read(file), Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return file.name.startswith("model")
    keys = {key.value for key, _ in root.value} if isinstance(root, yaml.MappingNode) else set()
    return bool(keys & {"schema", "select"}) or file.name.startswith("model")


def declaration(file: Path, *, accept_too_broad: bool) -> Declaration:
    """A model.yaml with everything that registration checks. Raises `DeclarationInvalid` with every problem."""
    text = settings.read(file).decode("utf-8", errors="replace")
    try:
        return parse(text, file=str(file), accept_too_broad=accept_too_broad)
    except DeclarationError as error:
        raise DeclarationInvalid(str(error)) from error

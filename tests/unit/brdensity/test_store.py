from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest

from brdensity.assets import committed_weights, home
from brdensity.store import WeightsInvalid, pinned, put, sha256
from wetread_contract.declaration import Stage, parse

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"weights"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "some.keras"
    path.write_bytes(CONTENT)
    (tmp_path / "SHA256SUMS").write_text(f"{hashlib.sha256(CONTENT).hexdigest()}  some.keras\n")
    return path


def test_the_committed_weights_are_those_that_are_pinned_and_small() -> None:
    assert sha256(committed_weights()) == pinned(committed_weights())
    assert committed_weights().stat().st_size < 2**20


def test_the_model_card_speaks_of_these_weights() -> None:
    digests = re.findall(r"^    ([0-9a-f]{64})$", (home() / "MODEL_CARD.md").read_text(), re.MULTILINE)

    assert digests == [sha256(committed_weights())]


def test_damaged_weights_never_reach_the_store(weights: Path) -> None:
    expected = pinned(weights)
    weights.write_bytes(CONTENT + b"!")

    with pytest.raises(WeightsInvalid, match=f"must have {expected}"):
        put("some", weights, expected_sha256=expected, metadata={})


def test_weights_without_a_pin_are_refused(weights: Path) -> None:
    (weights.parent / "SHA256SUMS").write_text("")

    with pytest.raises(WeightsInvalid, match=r"no line for some\.keras"):
        pinned(weights)


@pytest.mark.parametrize(
    ("file", "name", "stage"),
    [
        ("model.yaml", "brdensity", Stage.DEMONSTRATION),
        ("declarations/nyu-histogram.yaml", "brdensity-nyu-histogram", Stage.RESEARCH),
    ],
)
def test_declarations_are_accepted_and_say_how_far_the_model_has_come(file: str, name: str, stage: Stage) -> None:
    declaration = parse((home() / file).read_text())

    assert (declaration.name, declaration.stage) == (name, stage)


def test_the_folder_of_the_service_can_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRDENSITY_HOME", str(tmp_path))

    assert committed_weights().is_relative_to(tmp_path)

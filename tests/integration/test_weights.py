"""Files of weights: read without running code, written so that equal networks give equal bytes. Needs TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.fakes import models

from wetread_contract.declaration import parse
from wetread_sdk import Context

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

keras = pytest.importorskip("keras", reason="needs the extra `cpu` of wetread-brdensity")
keras_file = pytest.importorskip("brdensity.keras_file")


def test_a_file_that_holds_code_is_refused(tmp_path: Path) -> None:
    with_code: Any = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x * 2)])
    path = tmp_path / "code.keras"
    with_code.save(path)

    with pytest.raises(ValueError, match="Lambda"):
        keras_file.read(path)


def test_equal_networks_give_equal_bytes(tmp_path: Path) -> None:
    from brdensity.assets import committed_weights  # noqa: PLC0415 - after the skip

    for name in ("first.keras", "second.keras"):
        keras_file.write(keras_file.read(committed_weights()), tmp_path / name)

    first, second = ((tmp_path / name).read_bytes() for name in ("first.keras", "second.keras"))
    assert first == second == committed_weights().read_bytes()


def test_the_committed_network_grades_held_out_phantoms_as_its_card_says() -> None:
    from brdensity.assets import committed_weights  # noqa: PLC0415 - after the skip
    from brdensity.evaluation import accuracy, evaluate  # noqa: PLC0415

    found = evaluate(keras_file.read(committed_weights()), 120, lambda _: None)

    assert accuracy(found.studies) > 0.87
    assert accuracy(found.views) > 0.85
    off_by_two = sum(int(np.trace(found.studies, offset)) for offset in (-3, -2, 2, 3))
    assert off_by_two == 0


def test_a_short_training_repeats_to_the_last_bit() -> None:
    from brdensity import training  # noqa: PLC0415 - after the skip

    def weights() -> list[np.ndarray]:
        training.make_deterministic(1)
        views = training.draw_views(1, 16, lambda _: None)
        network = training.train(training.Recipe(1, 16, 2, 8), views, lambda _, __: None)
        return list(network.get_weights())

    for first, second in zip(weights(), weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_declaration_of_another_model_is_refused_by_name() -> None:
    from brdensity.model import BrDensity  # noqa: PLC0415 - after the skip
    from brdensity.store import WeightsInvalid  # noqa: PLC0415

    declaration = parse(
        models.DECLARATION.format(name="other", version="1.0.0", concurrency=1, deadline_s=9, max_bytes=9)
    )

    with pytest.raises(
        WeightsInvalid, match="no weights for a model other: this service is brdensity or brdensity-nyu"
    ):
        BrDensity().load(Context(declaration, {}))

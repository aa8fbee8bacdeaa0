from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests import dicom_factories as dicom
from tests.composition_factories import (
    BARELY_C,
    NOTICE,
    RECEIVED_AT,
    composition,
    density_findings,
    left_out,
    phantom_previews,
)

from orchestrator.compose import compose
from orchestrator.handoffs import JobKey, Replaced
from wetread_contract.findings import Findings

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.handoffs import Composition

_PRINT_DIGESTS = """
from orchestrator.compose import compose
from tests.composition_factories import composition, phantom_previews
made = composition()
result = compose(composition(previews=phantom_previews(made.selected)))
print(*(composed.sha256 for composed in result.objects))
"""


def with_previews() -> Composition:
    made = composition()
    return replace(made, previews=phantom_previews(made.selected))


def digests(made: Composition) -> list[str]:
    return [str(composed.sha256) for composed in compose(made).objects]


def test_equal_compositions_give_identical_bytes() -> None:
    assert digests(with_previews()) == digests(with_previews())


def test_another_process_with_another_hash_seed_gives_identical_bytes() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", _PRINT_DIGESTS], check=True, capture_output=True, text=True, env={"PYTHONHASHSEED": "7"}
    ).stdout
    assert printed.split() == digests(with_previews())


CHANGES: dict[str, Callable[[Composition], Composition]] = {
    "job": lambda made: replace(made, job_key=JobKey("6f" * 32)),
    "patient": lambda made: replace(made, source=dicom.headers_of(dicom.mammogram(person=dicom.LATIN_1))),
    "weights": lambda made: replace(made, model=replace(made.model, weights_sha256="ab" * 32)),
    "wetread": lambda made: replace(made, wetread_version="0.2.0"),
    "time": lambda made: replace(
        made, prediction=replace(made.prediction, received_at=RECEIVED_AT + timedelta(seconds=1))
    ),
    "answer": lambda made: replace(
        made,
        prediction=replace(made.prediction, answer=Findings(density_findings(made.selected, BARELY_C), (NOTICE,))),
    ),
    "settings": lambda made: replace(made, settings=replace(made.settings, series_number=9100)),
    "left out": lambda made: replace(made, left_out=(left_out(made.selected[0], "older repeat"),)),
    "replaces": lambda made: replace(made, replaces=Replaced(RECEIVED_AT - timedelta(hours=1), "B")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_other_bytes_have_other_uids(change: Callable[[Composition], Composition]) -> None:
    before, after = compose(composition()), compose(change(composition()))
    for old, new in zip(before.objects, after.objects, strict=True):
        assert old.content != new.content
        assert old.sop_instance_uid != new.sop_instance_uid
        assert old.series_instance_uid != new.series_instance_uid


def test_other_pictures_change_the_card_and_leave_the_report() -> None:
    plain, pictured = compose(composition()), compose(with_previews())
    assert plain.objects[0].sop_instance_uid != pictured.objects[0].sop_instance_uid
    assert plain.objects[1] == pictured.objects[1]

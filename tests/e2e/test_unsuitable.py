"""By site setting a study that no model can read gets a result that says why: both ways to UNSUITABLE."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from bench.model import answer
from demo import results
from demo.following import short
from demo.processes import free_port
from demo.services import SCRIPTS
from tests.dicom_factories import four_view_study, mammogram
from tests.e2e.chain import model_settings, unique
from tests.e2e.conftest import started
from tests.fakes.models import Answering, unsuitable

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pydicom import Dataset
    from tests.e2e.chain import Chain

    OwnChain = Callable[..., AbstractContextManager[Chain]]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TOLD = {"unsuitable_card": True}
SOON = {"incomplete_after": "3s"}


def _texts(report: Dataset) -> str:
    return "\n".join(str(item.get("TextValue", "")) for item in results.items(report))


def _errors(result: results.Result, folder: Path) -> list[str]:
    """What dciodvfy calls an error in card and report."""
    said = []
    for name, stored in (("card", result.card), ("report", result.report)):
        file = folder / f"{name}.dcm"
        file.write_bytes(stored.content)
        done = subprocess.run(["dciodvfy", file], capture_output=True, text=True, check=False)
        said += [line for line in (done.stderr + done.stdout).splitlines() if line.startswith("Error")]
    return said


def test_a_view_that_never_comes_is_named_by_a_card_that_the_complete_exam_replaces(
    own_chain: OwnChain, tmp_path: Path
) -> None:
    with own_chain(Answering(lambda _: answer()), watch=SOON, results=TOLD, delivery={"remote": "PACS"}) as chain:
        exam = four_view_study(study=unique())
        study = chain.send(exam[:3])
        chain.events.wait_for("result_stored", study=short(study))

        said = chain.result(study)
        assert "missing: L MLO" in _texts(said.report.dataset)
        assert _errors(said, tmp_path) == []
        held = chain.events.wait_for("delivery_held")
        assert held.text("job") in chain.jobs(study)
        assert chain.logged("prediction_requested") == []

        chain.send(exam[3:])
        chain.events.wait_for("result_stored", study=short(study))
        replaced = chain.result(study).report
        assert "was unsuitable" in _texts(replaced.dataset)
        assert len(chain.orthanc.archive.results(study)) == 2


def test_the_card_of_an_exam_that_was_given_up_names_the_image_of_the_model_that_was_not_asked(tmp_path: Path) -> None:
    image = f"sha256:{'5' * 64}"
    settings = replace(model_settings(tmp_path, free_port()), image_digest=image)
    with started(tmp_path, Answering(lambda _: answer()), settings, watch=SOON, results=TOLD) as chain:
        study = chain.send(four_view_study(study=unique())[:3])
        chain.events.wait_for("result_stored", study=short(study))

        assert f"container image={image}" in str(chain.report(study))
        assert chain.logged("prediction_requested") == []


def test_an_exam_of_which_nothing_is_left_to_read_is_told_so_at_once(own_chain: OwnChain) -> None:
    with own_chain(Answering(lambda _: answer()), results=TOLD) as chain:
        name = unique()
        study = chain.send(
            mammogram(side, view, for_processing=True, study=name) for side in ("R", "L") for view in ("CC", "MLO")
        )
        chain.events.wait_for("result_stored", study=short(study))
        assert "SOPClassUID" in _texts(chain.report(study))


def test_what_the_model_itself_cannot_read_is_told_in_its_words_and_asked_once(own_chain: OwnChain) -> None:
    with own_chain(Answering(unsuitable), results=TOLD) as chain:
        study = chain.send(four_view_study(study=unique()))
        chain.events.wait_for("result_stored", study=short(study))
        assert "the picture is too dark" in _texts(chain.report(study))
        assert len(chain.logged("prediction_requested")) == 1


def test_a_retry_with_a_new_question_never_asks_about_what_was_not_to_be_asked(own_chain: OwnChain) -> None:
    with own_chain(Answering(lambda _: answer()), watch=SOON, results=TOLD) as chain:
        study = chain.send(four_view_study(study=unique())[:3])
        stored = chain.events.wait_for("result_stored", study=short(study))
        command = ["wetread", "retry", stored.text("job"), "--ask-again", "--by", "a tester", "--reason", "a test"]
        program = [str(SCRIPTS / command[0]), *command[1:], "--site", str(chain.orchestrator.site_file)]
        subprocess.run(program, check=True, capture_output=True, env={"COLUMNS": "300"})
        chain.events.wait_for("result_stored", study=short(study))
        assert chain.logged("prediction_requested") == []
        assert "missing: L MLO" in _texts(chain.report(study))


def test_a_model_can_be_left_out_of_it(own_chain: OwnChain) -> None:
    quiet = {**TOLD, "models": {"brdensity": {"unsuitable_card": False}, "instant": {"unsuitable_card": False}}}
    with own_chain(Answering(unsuitable), results=quiet) as chain:
        study = chain.send(four_view_study(study=unique()))
        assert chain.ended(study) == "job_unsuitable"
        assert chain.orthanc.archive.results(study) == []

"""`make demo` and `make smoke`: an exam goes in, a graded result comes out, and all of it is shown."""

from __future__ import annotations

import fcntl
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pydicom
import typer

from demo import following, results, sending
from demo.narration import Narrator
from demo.orthanc import NoOrthanc
from demo.processes import ProcessEnded
from demo.services import SCRIPTS
from demo.stack import Stack
from demo.waiting import NotInTime

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from demo.events import EventLog

WORKPLACE = Path(__file__).parents[1] / "var" / "demo"
EXAM_DEADLINE_S = 120
EXCERPT_LINES = 14
REFRESH_S = 0.2


class DemoFailed(Exception):
    """There is nothing to show; the text says why and what to do."""


def main(
    *,
    dicom: Annotated[Path | None, typer.Option(help="Send this folder's files, not a synthetic exam.")] = None,
    once: Annotated[bool, typer.Option(help="Do not stay up; fail unless both results are stored and valid.")] = False,
    grade: Annotated[str, typer.Option(help="Density of the synthetic exam: A, B, C or D.")] = "C",
    seed: Annotated[int, typer.Option(help="Another number, another woman.")] = 7,
) -> None:
    """Start Orthanc, a model and the orchestrator; send an exam; show what comes back."""
    signal.signal(signal.SIGTERM, _interrupt)
    narrator = Narrator()
    try:
        with _workplace() as folder, Stack(folder) as stack:
            _run(stack, narrator, folder, dicom or _synthetic_exam(narrator, folder, grade, seed), once=once)
    except (DemoFailed, NoOrthanc, NotInTime, ProcessEnded, sending.NotSent) as error:
        narrator.fail(str(error))
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        narrator.console.print("Stopped everything that was started.")


def _run(stack: Stack, narrator: Narrator, folder: Path, exam: Path, *, once: bool) -> None:
    events = _start(stack, narrator)
    studies = _send(stack, narrator, exam)
    ended = following.follow(studies, events, narrator.stage)
    valid = [_show(stack, narrator, folder, study, what) for study, what in ended.items()]
    if once:
        if not all(valid):
            raise DemoFailed("not every study has its two valid results")
        return
    narrator.console.print("Running until Ctrl-C. Send more to Orthanc if you like; what happens is shown here.")
    while True:
        for event in events.new():
            narrator.stage(event)
        time.sleep(REFRESH_S)


def _show(stack: Stack, narrator: Narrator, folder: Path, study: str, what: str) -> bool:
    """Whether a study has two valid results; shows them, or says what became of it instead."""
    if what != "result_stored":
        narrator.warn(f"study {following.short(study)}: no result, {what}. Why:  {_explain(stack, study)}")
        return False
    result = results.find(stack.archive, study)
    place = folder / "results" / following.short(study)
    place.mkdir(parents=True, exist_ok=True)
    results.write_png(result.card.dataset, place / "card.png")
    source = pydicom.dcmread(BytesIO(stack.archive.file(stack.archive.sources(study)[0])))
    wrong = results.problems(result, source, place)
    for problem in wrong:
        narrator.fail(problem)
    _show_result(stack, narrator, result, place)
    return not wrong


def _show_result(stack: Stack, narrator: Narrator, result: results.Result, place: Path) -> None:
    report = result.report.dataset
    scores = ", ".join(f"{grade} {score:.2f}" for grade, score in results.scores(report).items())
    narrator.ending(
        f"Breast density {results.grade(report)}",
        [
            ("Scores", scores),
            ("Result card", str(place / "card.png")),
            ("Report", f"dsrdump {place / 'report.dcm'}"),
            ("Orthanc", f"{stack.orthanc.url}/app/explorer.html"),
            ("Login", f"{stack.orthanc.settings.username} / {stack.orthanc.password}"),
            ("Logs", str(place.parents[1])),
        ],
    )
    narrator.console.print("The structured report, in short:")
    for line in islice(results.excerpt(report), EXCERPT_LINES):
        narrator.console.print(f"  {line}", markup=False, soft_wrap=True)


def _explain(stack: Stack, study: str) -> str:
    return f"{SCRIPTS / 'wetread'} explain {study} --site {stack.orchestrator.site_file}"


def _synthetic_exam(narrator: Narrator, folder: Path, grade: str, seed: int) -> Path:
    exam = folder / "exam"
    command = [str(SCRIPTS / "brdensity"), "phantom", "--grade", grade, "--seed", str(seed), "--out", str(exam)]
    with narrator.step("making a synthetic mammography exam") as details:
        ran = subprocess.run(  # noqa: S603  # our own program, no shell
            command, capture_output=True, text=True, check=False, timeout=EXAM_DEADLINE_S
        )
        if ran.returncode:
            raise DemoFailed(f"no exam could be made:\n{ran.stderr}")
        details.append(f"grade {grade}, {len(_files(exam))} views")
    return exam


def _start(stack: Stack, narrator: Narrator) -> EventLog:
    with narrator.step("starting Orthanc") as details:
        stack.launch_model()
        stack.start_orthanc()
        details.append(f"{stack.orthanc.url}, DICOM port {stack.orthanc.dicom_port}")
    with narrator.step("starting the model brdensity (loads TensorFlow)") as details:
        stack.model.await_ready()
        details.append(f"gRPC on {stack.model.address}")
    with narrator.step("starting the orchestrator"):
        return stack.start_orchestrator()


def _send(stack: Stack, narrator: Narrator, folder: Path) -> list[str]:
    """Orthanc's identifiers of the studies that it has now."""
    files = _files(folder)
    with narrator.step("sending it over C-STORE") as details:
        sendable, rejected = sending.sort(files)
        rejected += sending.send(sendable, port=stack.orthanc.dicom_port, ae_title=stack.orthanc.settings.ae_title)
        refused = {file.path for file in rejected}
        sent = [file for file in sendable if file.path not in refused]
        uids = dict.fromkeys(file.study_instance_uid for file in sent)
        studies = [study for uid in uids if (study := stack.archive.study(uid))]
        details.append(f"{len(sent)} files, {len(studies)} studies")
    for file in rejected:
        narrator.warn(f"{file.path.relative_to(folder)}: {file.reason}")
    if not studies:
        raise DemoFailed(f"nothing to show: no file in {folder} could be sent")
    narrator.since_now()
    return studies


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DemoFailed(f"{folder} is no folder; name one that holds DICOM files:  make demo DICOM=folder")
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


@contextmanager
def _workplace() -> Iterator[Path]:
    """var/demo, empty, for this run alone; logs and results stay there when it ends."""
    WORKPLACE.mkdir(parents=True, exist_ok=True)
    with (WORKPLACE.parent / "demo.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoFailed("another demo of this folder is running; stop it with Ctrl-C first") from error
        shutil.rmtree(WORKPLACE)
        WORKPLACE.mkdir()
        yield WORKPLACE
        shutil.rmtree(WORKPLACE / "orthanc" / "orthanc", ignore_errors=True)  # a copy of every study sent


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    typer.run(main)

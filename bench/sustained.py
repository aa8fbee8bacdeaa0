"""`python -m bench.sustained`: jobs a second of one orchestrator with tiny studies and a model that takes no time.

A backlog that came while the orchestrator was down is worked off. Orthanc, the model's service and this program run
on the same machine and take their part of it; whose processor time each job costs is said beside.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from demo.following import DEADLINE_S, follow
from demo.orthanc import OrthancSettings
from demo.services import ModelService
from demo.stack import Stack
from demo.waiting import until

from bench import any_model, processor
from bench.measures import ROOT, moment
from bench.mix import kinds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from demo.events import Event

STUDIES = 600
AIM = 20.0
KINDS = {1: "CR 1", 4: "MG 4"}
"""By the number of images in a study: 128 kB of pixels, or four of 32 kB."""


@dataclass(frozen=True, slots=True)
class Sustained:
    """One run."""

    jobs: int
    seconds: float
    """From the first study that was noticed to the last result read back."""
    cpu_ms: dict[str, float]
    """Processor time of each program for one job."""


def main() -> None:
    """Prints the rate, and what a job costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=STUDIES)
    parser.add_argument("--images", type=int, choices=sorted(KINDS), default=1, help="in each study (default: 1)")
    chosen = parser.parse_args()
    with TemporaryDirectory(prefix="wetread-sustained-") as folder:
        found = measured(Path(folder), chosen.studies, chosen.images)
    costs = ", ".join(f"{name} {cost:.1f}" for name, cost in found.cpu_ms.items())
    sys.stdout.write(
        f"{found.jobs} studies of {chosen.images} tiny image(s) in {found.seconds:.1f} s: "
        f"{found.jobs / found.seconds:.1f} jobs a second (aim: {AIM:.0f})\n"
        f"processor time of one job, ms: {costs}\n"
    )


def measured(folder: Path, studies: int, images: int) -> Sustained:
    """Works the backlog off."""
    program = (sys.executable, "-m", "bench.any_model")
    environment = {"WETREAD_DECLARATION": str(any_model.DECLARATION), "PYTHONPATH": str(ROOT)}
    model = ModelService(folder, name="anything", program=program, environment=environment)
    with Stack(folder, model=model, orthanc=OrthancSettings(stable_age_s=1)) as stack:
        stack.start()
        stack.orchestrator.stop()
        backlog = _backlog(stack, studies, images)
        pids = {"Orthanc": stack.orthanc.pid, "model": stack.model.pid}
        before = {name: processor.used_s(pid) for name, pid in pids.items()}
        log: list[Event] = []
        events = stack.orchestrator.start()
        pids["orchestrator"] = stack.orchestrator.pid
        before["orchestrator"] = processor.used_s(stack.orchestrator.pid)
        follow(backlog, events, log.append)
        cost = {name: 1000 * (processor.used_s(pid) - before[name]) / studies for name, pid in pids.items()}
    began = min(moment(event) for event in log if event.name == "study_noticed")
    ended = max(moment(event) for event in log if event.name == "result_stored")
    return Sustained(studies, ended - began, cost)


def _backlog(stack: Stack, studies: int, images: int) -> Sequence[str]:
    """Orthanc's identifiers of studies that have become stable."""
    kind = next(kind for kind in kinds() if kind.name == KINDS[images])
    backlog = [[stack.archive.upload(file) for file in kind.files(number)][-1] for number in range(studies)]
    unstable = set(backlog)

    def all_stable() -> bool | None:
        unstable.difference_update([study for study in unstable if stack.archive.get(f"/studies/{study}")["IsStable"]])
        return None if unstable else True

    until(all_stable, what="the backlog is stable", deadline_s=DEADLINE_S)
    return backlog


if __name__ == "__main__":
    main()

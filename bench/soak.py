"""`python -m bench.soak --minutes 60`: ten times the design load for an hour; does the orchestrator grow?

Says at the end what was sent and stored, and for memory, file descriptors, threads and the ledger's
files whether they stayed flat; draws them into `var/soak.svg`. Status 1 when a study has no result. Ctrl-C ends it
early, with what has been seen until then.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from demo.archive import Archive
from demo.events import read
from demo.following import short
from demo.orthanc import OrthancSettings
from demo.services import ModelService
from demo.stack import Stack
from demo.waiting import NotInTime, until

from bench.any_model import DECLARATION
from bench.mix import Kind, choose, kinds
from bench.trend import Trend, picture

if TYPE_CHECKING:
    from concurrent.futures import Future

STUDIES_PER_HOUR = 2500
"""Ten times the 250 studies an hour that the product is designed for."""
SAMPLE_EVERY_S = 5.0
SENDERS = 4
DRAIN_S = 180.0
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Sample:
    """The orchestrator's process at one moment."""

    hours: float
    resident_mb: float
    descriptors: float
    threads: float
    ledger_mb: float
    """With its write-ahead log."""


@dataclass
class Run:
    """What has been sent and seen."""

    sent: list[tuple[str, Future[str]]] = field(default_factory=list)
    """Kind, and Orthanc's identifier once it is there."""
    samples: list[Sample] = field(default_factory=list)


def main() -> int:
    """Soaks, reports, draws."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with TemporaryDirectory(prefix="wetread-soak-") as folder, _stack(Path(folder)) as stack:
        stack.start()
        began = time.monotonic()
        run = _soak(stack, chosen.minutes * 60, Random(chosen.seed))  # noqa: S311 - chance that can be played again
        minutes = (time.monotonic() - began) / 60
        return _report(stack, run, minutes)


def _stack(folder: Path) -> Stack:
    program = (sys.executable, "-m", "bench.any_model")
    environment = {"WETREAD_DECLARATION": str(DECLARATION), "PYTHONPATH": str(ROOT)}
    model = ModelService(folder, name="anything", program=program, environment=environment)
    return Stack(folder, model=model, orthanc=OrthancSettings(stable_age_s=5))


def _soak(stack: Stack, seconds: float, random: Random) -> Run:
    """Studies come at random moments, as many in the mean as were asked for; one sample every few seconds."""
    run, mix = Run(), kinds()
    start = time.monotonic()
    next_study = next_sample = start
    with ThreadPoolExecutor(SENDERS) as pool, suppress(KeyboardInterrupt):
        while (now := time.monotonic()) < start + seconds:
            if now >= next_study:
                kind = choose(mix, random)
                run.sent.append((kind.name, pool.submit(_send, stack, kind, len(run.sent))))
                next_study += random.expovariate(STUDIES_PER_HOUR / 3600)
            if now >= next_sample:
                run.samples.append(_sample(stack, (now - start) / 3600))
                next_sample += SAMPLE_EVERY_S
            time.sleep(max(0.0, min(next_study, next_sample, start + seconds) - time.monotonic()))
    return run


def _send(stack: Stack, kind: Kind, number: int) -> str:
    """A connection of its own, as an association is; Orthanc's identifier of the study."""
    archive = Archive(stack.orthanc.url, stack.orthanc.settings.username, stack.orthanc.password)
    try:
        return [archive.upload(file) for file in kind.files(number)][-1]
    finally:
        archive.close()


def _sample(stack: Stack, hours: float) -> Sample:
    process = Path(f"/proc/{stack.orchestrator.pid}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text(encoding="utf-8").splitlines())
    database = stack.orchestrator.database
    files = [path for path in database.parent.glob(f"{database.name}*") if path.is_file()]
    return Sample(
        hours=hours,
        resident_mb=int(status["VmRSS"].split()[0]) * 1024 / 1e6,
        descriptors=len(list((process / "fd").iterdir())),
        threads=int(status["Threads"]),
        ledger_mb=sum(path.stat().st_size for path in files) / 1e6,
    )


def _report(stack: Stack, run: Run, minutes: float) -> int:
    broken_off = sum(sent.exception() is not None for _, sent in run.sent)  # Orthanc has hung up on a sender
    studies = {short(sent.result()) for _, sent in run.sent if sent.exception() is None}
    missing = _wait_for_results(stack, studies)
    by_kind = Counter(name for name, _ in run.sent)
    rate = len(run.sent) / minutes * 60
    title = f"{len(run.sent)} studies in {minutes:.0f} minutes, {rate:.0f} an hour"
    sys.stdout.write(
        f"{title}: {dict(by_kind)}, of which Orthanc did not take {broken_off} whole\n"
        f"{len(studies) - len(missing)} have a result, {len(missing)} have none\n"
    )
    trends = _trends(run.samples)
    for trend in trends:
        sys.stdout.write(f"{trend.line()}\n")
    plot = ROOT / "var/soak.svg"
    plot.parent.mkdir(exist_ok=True)
    plot.write_text(picture(title, trends), encoding="utf-8")
    sys.stdout.write(f"drawn in {plot.relative_to(ROOT)}\n")
    return 1 if missing else 0


def _wait_for_results(stack: Stack, studies: set[str]) -> set[str]:
    """The studies that have none when the time is over."""

    def left() -> set[str]:
        return studies - {
            event.text("study") for event in read(stack.orchestrator.log) if event.name == "result_stored"
        }

    try:
        until(lambda: None if left() else True, what="every study has its result", deadline_s=DRAIN_S)
    except NotInTime:
        return left()
    return set()


def _trends(samples: list[Sample]) -> tuple[Trend, ...]:
    hours = [sample.hours for sample in samples]
    return (
        Trend("resident memory", "MB", hours, [sample.resident_mb for sample in samples]),
        Trend("file descriptors", "", hours, [sample.descriptors for sample in samples]),
        Trend("threads", "", hours, [sample.threads for sample in samples]),
        Trend("ledger", "MB", hours, [sample.ledger_mb for sample in samples]),
    )


if __name__ == "__main__":
    raise SystemExit(main())

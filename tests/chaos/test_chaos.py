"""Kill, freeze, cut off, starve anything: every study that stays gets one current result, none lost, none twice.

`make chaos SEED=7 KILLS=200` plays a longer game; the seed in a failure's text plays the same one
again, as far as the machine's own timing allows.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
import yaml
from bench.model import DECLARATION
from demo.orthanc import OrthancSettings
from demo.services import SCRIPTS, ModelService
from demo.stack import Stack
from demo.waiting import until
from tests.chaos import check
from tests.chaos.monkey import Monkey, World
from tests.chaos.traffic import Sender, Story, exam
from tests.chaos.wire import Wire
from tests.small_disk import SmallDisk

from orchestrator.jobs import ledger, news
from orchestrator.jobs.database import Database
from orchestrator.jobs.states import ENDED, JobState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.traffic import Exam

KILLS = int(os.environ.get("CHAOS_KILLS") or 8)
SEED = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(10**6))
ROOT = Path(__file__).parents[2]
END_ONE = 0.7
"""How often the end of one story follows the beginning of another; the others wait."""
QUIET_LOOKS = 40
"""In a row, 50 ms apart: two seconds, twice the age at which Orthanc calls a study stable."""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120 + 20 * KILLS)]


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """Not started."""
    program = (sys.executable, "-m", "bench.model")
    environment = {"WETREAD_DECLARATION": str(DECLARATION), "PYTHONPATH": str(ROOT)}
    model = ModelService(tmp_path, name="instant", program=program, environment=environment)
    site = {"watch": {"reconcile": "2s"}, "retry": {"first": "200ms", "most": "1s"}}
    return Stack(tmp_path, model=model, orthanc=OrthancSettings(stable_age_s=1), **site)


@pytest.fixture
def world(stack: Stack, tmp_path: Path) -> Iterator[World]:
    """All that can be attacked: between the orchestrator and the others run wires, its ledger lies on a small disk."""
    with ExitStack() as parts:
        wires = [parts.enter_context(Wire(port)) for port in (stack.orthanc.http_port, stack.model.grpc_port)]
        disk = SmallDisk(tmp_path / "disk", megabytes=512)
        may_fill = not disk.mount()
        parts.callback(disk.unmount)
        orchestrator = stack.orchestrator
        site = yaml.safe_load(orchestrator.site_file.read_text(encoding="utf-8"))
        site["orthanc"]["url"] = f"http://{wires[0].address}"
        site["models"]["addresses"] = [wires[1].address]
        if may_fill:
            orchestrator.database = disk.folder / "wetread.db"
            site["database"] = f"sqlite:///{orchestrator.database}"
        site["disk_reserve"] = "4MB"
        orchestrator.site_file.write_text(yaml.safe_dump(site), encoding="utf-8")
        yield World([orchestrator], [stack.model], stack.orthanc, wires, disk if may_fill else None)


def test_violence_loses_nothing_and_doubles_nothing(stack: Stack, world: World) -> None:
    with stack:
        stack.start()
        exams, monkey = _play(stack, world)
        _start_once_more(stack)
        _wait_for_quiet(stack)
        poisoned = _retry_what_was_hit_too_often(stack)
        if poisoned:
            _wait_for_quiet(stack)
        attacks = f"killed {dict(monkey.killed)}, {_others(monkey)}"
        story = f"CHAOS_SEED={SEED} CHAOS_KILLS={KILLS}; {attacks}; {len(exams)} studies"
        _say(f"{story}, {_stories(exams)}; {poisoned} retried after three deaths; jobs {_jobs(stack)}")

        found = list(check.faults(stack.archive, exams))
        doctor = _wetread(stack, "doctor", "--ledger")

        assert found == [], story
        assert doctor.returncode == 0, story + "\n" + doctor.stdout + doctor.stderr
        assert monkey.killed.total() >= KILLS
        assert any(one.stays for one in exams)


def _others(monkey: Monkey) -> str:
    return ", ".join(f"{name} {count} times" for name, count in sorted(monkey.others.items())) or "nothing else"


def _play(stack: Stack, world: World) -> tuple[list[Exam], Monkey]:
    """Sends while the monkey kills; every story is told to its end, however dead the archive was meanwhile.

    The monkey has this thread: what a thread has started is ended by the kernel with that thread.
    """
    monkey = Monkey(world, Random(SEED), KILLS)  # noqa: S311  # chance that can be played again
    enough = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(_send, Sender(stack.archive), Random(SEED + 1), enough)  # noqa: S311
        try:
            monkey.rage()
        finally:
            enough.set()
        return sending.result(), monkey


def _send(sender: Sender, random: Random, enough: threading.Event) -> list[Exam]:
    exams: list[Exam] = []
    begun: list[Exam] = []
    while not enough.wait(random.uniform(0.2, 2.0)) or not exams:
        exams.append(exam(f"{SEED}-{len(exams)}", random))
        sender.begin(exams[-1])
        begun.append(exams[-1])
        if random.random() < END_ONE:
            sender.end(begun.pop(random.randrange(len(begun))))
    for one in begun:
        sender.end(one)
    return exams


def _start_once_more(stack: Stack) -> None:
    for stop in (stack.orchestrator.kill, stack.model.kill, stack.orthanc.kill):
        stop()
    stack.orthanc.start()
    stack.model.launch()
    stack.model.await_ready()
    stack.orchestrator.start()


def _wait_for_quiet(stack: Stack) -> None:
    """Returns when nothing is left to do, in Orthanc and in the ledger, for two seconds."""
    database = Database.existing(f"sqlite:///{stack.orchestrator.database}")
    looks = 0

    def quiet() -> bool | None:
        nonlocal looks
        looks = looks + 1 if _nothing_to_do(stack, database) else 0
        return looks >= QUIET_LOOKS or None

    try:
        until(quiet, what=f"CHAOS_SEED={SEED}: everything is done", deadline_s=120 + KILLS)
    finally:
        database.close()


def _nothing_to_do(stack: Stack, database: Database) -> bool:
    newest = stack.archive.get("/changes?last")["Last"]
    with database.read() as connection:
        place = news.cursor(connection)
        counts = ledger.counts(connection)
        waiting = connection.exec_driver_sql("SELECT (SELECT count(*) FROM news) + (SELECT count(*) FROM arrivals)")
        left = waiting.scalar_one()
    return place is not None and place.seq >= newest and not left and set(counts) <= ENDED


def _retry_what_was_hit_too_often(stack: Stack) -> int:
    """What the crash budget has taken for poison is retried, as a person would; how many."""
    with _ledger(stack) as connection:
        failed = [job.key for job in ledger.listed(connection, states=[JobState.FAILED], limit=10**6)]
        reasons = [job.reason for job in ledger.listed(connection, states=[JobState.FAILED], limit=10**6)]
    assert [reason for reason in reasons if "died" not in reason] == [], f"CHAOS_SEED={SEED}"
    if failed:
        _wetread(stack, "retry", *failed, "--by", "chaos", "--reason", "hit by chance").check_returncode()
    return len(failed)


def _ledger(stack: Stack):  # noqa: ANN202  # a context manager of the ledger's own
    return Database.existing(f"sqlite:///{stack.orchestrator.database}").read()


def _jobs(stack: Stack) -> dict[str, int]:
    with _ledger(stack) as connection:
        return {state.value: count for state, count in ledger.counts(connection).items()}


def _stories(exams: list[Exam]) -> dict[str, int]:
    counted = Counter(one.story for one in exams)
    return {story.name.lower(): counted[story] for story in Story if counted[story]}


def _wetread(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [SCRIPTS / "wetread", *arguments, "--site", stack.orchestrator.site_file]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})


def _say(words: str) -> None:
    sys.stderr.write(f"\n{time.strftime('%H:%M:%S')} {words}\n")

"""Kill, freeze, cut off, starve anything: every study that stays gets one current result, none lost, none twice.

`make chaos SEED=7 KILLS=200 PAUSE=1` plays a longer game, on one machine with SQLite and with three
replicas on PostgreSQL; the seed in a failure's text plays the same one again, as far as the machine's
own timing allows.
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
from random import Random
from typing import TYPE_CHECKING

import pytest
from demo.events import read
from demo.postgres import NoPostgres
from demo.services import SCRIPTS
from demo.waiting import until
from tests.chaos import check, worlds
from tests.chaos.monkey import Monkey
from tests.chaos.traffic import Sender, Story, exam

from orchestrator.jobs import ledger, news
from orchestrator.jobs.database import Database
from orchestrator.jobs.states import ENDED, JobState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.chaos.monkey import World
    from tests.chaos.traffic import Exam
    from tests.nursery import Nursery

KILLS = int(os.environ.get("CHAOS_KILLS") or 25)
LONGEST_PAUSE_S = float(os.environ.get("CHAOS_PAUSE") or 2.0)
"""Between two attacks. Shorter: more kills in an hour, and less work between them."""
SEED = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(10**6))
END_ONE = 0.7
"""How often the end of one story follows the beginning of another; the others wait."""
QUIET_LOOKS = 40
"""In a row, 50 ms apart: two seconds, twice the age at which Orthanc calls a study stable."""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120 + 20 * KILLS)]


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def world(request: pytest.FixtureRequest, tmp_path: Path, nursery: Nursery) -> Iterator[World]:
    """One machine, or three replicas; started, and ended however the test ends."""
    make = worlds.one_machine if request.param == "SQLite" else worlds.replicas
    with ExitStack() as parts:
        try:
            made = parts.enter_context(make(tmp_path, nursery, LONGEST_PAUSE_S))
        except NoPostgres as error:
            pytest.skip(str(error))
        made.start()
        yield made


def test_violence_loses_nothing_and_doubles_nothing(world: World) -> None:
    begun = time.monotonic()
    exams, monkey = _play(world)
    lasted = time.monotonic() - begun
    stored = sum(event.name == "result_stored" for one in world.orchestrators for event in read(one.log))
    world.kill()
    world.start()
    _wait_for_quiet(world)
    poisoned = _retry_what_was_hit_too_often(world)
    if poisoned:
        _wait_for_quiet(world)
    attacks = f"killed {monkey.killed.total()}: {dict(monkey.killed)} in {lasted:.0f} s; {_others(monkey)}"
    story = f"CHAOS_SEED={SEED} CHAOS_KILLS={KILLS} CHAOS_PAUSE={LONGEST_PAUSE_S:g}; {attacks}; {len(exams)} studies"
    story += f", {stored} results stored meanwhile"
    _say(f"{story}, {_stories(exams)}; {poisoned} retried after three deaths; jobs {_jobs(world)}")

    found = list(check.faults(world.orthanc.archive, exams))
    doctor = _wetread(world, "doctor", "--ledger")

    assert found == [], story
    assert doctor.returncode == 0, story + "\n" + doctor.stdout + doctor.stderr
    assert monkey.killed.total() >= KILLS
    assert any(one.stays for one in exams)
    _say(f"0 lost, 0 doubled, 0 stuck after {monkey.killed.total()} kills")


def _others(monkey: Monkey) -> str:
    return ", ".join(f"{name} {count} times" for name, count in sorted(monkey.others.items())) or "nothing else"


def _play(world: World) -> tuple[list[Exam], Monkey]:
    """Sends while the monkey kills; every story is told to its end, however dead the archive was meanwhile.

    The monkey has this thread: what a thread has started is ended by the kernel with that thread.
    """
    monkey = Monkey(world, Random(SEED), KILLS)  # noqa: S311  # chance that can be played again
    enough = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(_send, Sender(world.orthanc.archive), Random(SEED + 1), enough)  # noqa: S311
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


def _wait_for_quiet(world: World) -> None:
    """Returns when nothing is left to do, in Orthanc and in the ledger, for two seconds."""
    database = Database.existing(world.database)
    looks = 0

    def quiet() -> bool | None:
        nonlocal looks
        looks = looks + 1 if _nothing_to_do(world, database) else 0
        return looks >= QUIET_LOOKS or None

    try:
        until(quiet, what=f"CHAOS_SEED={SEED}: everything is done", deadline_s=120 + KILLS)
    finally:
        database.close()


def _nothing_to_do(world: World, database: Database) -> bool:
    newest = world.orthanc.archive.get("/changes?last")["Last"]
    with database.read() as connection:
        place = news.cursor(connection)
        counts = ledger.counts(connection)
        waiting = connection.exec_driver_sql("SELECT (SELECT count(*) FROM news) + (SELECT count(*) FROM arrivals)")
        left = waiting.scalar_one()
    return place is not None and place.seq >= newest and not left and set(counts) <= ENDED


def _retry_what_was_hit_too_often(world: World) -> int:
    """What the crash budget has taken for poison is retried, as a person would; how many."""
    with _ledger(world) as connection:
        failed = [job.key for job in ledger.listed(connection, states=[JobState.FAILED], limit=10**6)]
        reasons = [job.reason for job in ledger.listed(connection, states=[JobState.FAILED], limit=10**6)]
    assert [reason for reason in reasons if "died" not in reason] == [], f"CHAOS_SEED={SEED}"
    if failed:
        _wetread(world, "retry", *failed, "--by", "chaos", "--reason", "hit by chance").check_returncode()
    return len(failed)


def _ledger(world: World):  # noqa: ANN202  # a context manager of the ledger's own
    return Database.existing(world.database).read()


def _jobs(world: World) -> dict[str, int]:
    with _ledger(world) as connection:
        return {state.value: count for state, count in ledger.counts(connection).items()}


def _stories(exams: list[Exam]) -> dict[str, int]:
    counted = Counter(one.story for one in exams)
    return {story.name.lower(): counted[story] for story in Story if counted[story]}


def _wetread(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [SCRIPTS / "wetread", *arguments, "--site", world.orchestrators[0].site_file]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})


def _say(words: str) -> None:
    sys.stderr.write(f"\n{time.strftime('%H:%M:%S')} {words}\n")

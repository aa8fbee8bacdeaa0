"""Kills, freezes, cuts off and starves programs without warning; chance decides, a seed decides chance.

Several may be dead, frozen or cut off at once: what is to be put right, and when, is a queue of its
own. What ends by itself (an orchestrator that was expelled, or found no database at its start) is
started again, as a container's restart policy does.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from demo.orthanc import Orthanc
    from demo.postgres import Postgres
    from demo.services import ModelService, Orchestrator
    from tests.small_disk import SmallDisk
    from tests.wire import Wire

    Program = Orchestrator | ModelService | Orthanc | Postgres

LONGEST_DEATH_S = 1.5
LONGEST_FAST_S = 3.0
"""How long the disk stays full."""
RESTART_AFTER_S = 1.0
"""What has ended by itself is started again after so long."""
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Tempo:
    """How hard it is played."""

    longest_pause_s: float
    """Between two attacks: long enough to start and to work a little; often shorter, so that starting is hit too."""
    longest_freeze_s: float
    """With replicas longer than their lease, so that others take over."""
    longest_stall_s: float


@dataclass(frozen=True, slots=True)
class World:
    """What there is to attack."""

    orchestrators: Sequence[Orchestrator]
    models: Sequence[ModelService]
    orthanc: Orthanc
    database: str
    """SQLAlchemy address of the ledger that all orchestrators share, with its password."""
    tempo: Tempo
    postgres: Postgres | None = None
    wires: Sequence[Wire] = ()
    """Between orchestrators and what they speak to."""
    disk: SmallDisk | None = None
    """Of the ledger; None where it may not be filled."""

    def victims(self) -> list[tuple[str, float, Program]]:
        """Each program with its name and how often it is chosen beside the others."""
        return [
            *(("orchestrator", 5 / len(self.orchestrators), one) for one in self.orchestrators),
            *(("model", 3 / len(self.models), one) for one in self.models),
            ("Orthanc", 3, self.orthanc),
            *([("PostgreSQL", 2, self.postgres)] if self.postgres else []),
        ]

    def start(self) -> None:
        """Starts everything; returns when all of it says that it is ready."""
        if self.postgres:
            self.postgres.start()
        self.orthanc.start()
        for model in self.models:
            model.launch()
        for model in self.models:
            model.await_ready()
        for orchestrator in self.orchestrators:
            orchestrator.start()

    def kill(self) -> None:
        """Ends everything, PostgreSQL last."""
        for _, _, program in self.victims():
            program.kill()


class Monkey:
    """Attacks until it has killed as often as was asked."""

    def __init__(self, world: World, random: Random, kills: int) -> None:
        self._world = world
        self._random = random
        self._left = kills
        self.killed: Counter[str] = Counter()
        self.others: Counter[str] = Counter()
        """Attacks that killed nobody, and ends that nobody caused."""
        self._pause = threading.Event()
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._hurt: set[int] = set()
        """Programs and wires that cannot be attacked now, because they are dead, frozen or dead quiet."""
        attacks = {self._kill: 14, self._power_cut: 1, self._freeze: 4}
        if world.wires:
            attacks |= {self._cut: 4, self._stall: 2}
        if world.disk:
            attacks[self._starve] = 2
        self._attacks = attacks

    def rage(self) -> None:
        """Kills as often as was asked; everything is on its way up again, and whole, at the end."""
        while self._left > 0:
            self._live(self._random.uniform(0.1, self._world.tempo.longest_pause_s))
            self._random.choices(list(self._attacks), weights=list(self._attacks.values()))[0]()
        while self._later:
            self._live(LOOK_S)

    def _live(self, for_s: float) -> None:
        """Time goes by: what was to be put right by now is, and what has ended by itself comes again."""
        end = time.monotonic() + for_s
        while (now := time.monotonic()) < end:
            while self._later and self._later[0][0] <= now:
                heapq.heappop(self._later)[2]()
            for one in self._world.orchestrators:
                if id(one) not in self._hurt and not one.running:
                    self.others["orchestrator ended by itself"] += 1
                    self._until(one, one.start_again, RESTART_AFTER_S)
            self._pause.wait(LOOK_S)

    def _until(self, victim: object, put_right: Callable[[], None], after_s: float) -> None:
        """Nobody attacks it meanwhile."""
        self._hurt.add(id(victim))

        def heal() -> None:
            put_right()
            self._hurt.discard(id(victim))

        heapq.heappush(self._later, (time.monotonic() + after_s, next(self._number), heal))

    def _choose(self) -> list[tuple[str, Program]]:
        """One that is well, or none."""
        well = [
            (name, weight, victim) for name, weight, victim in self._world.victims() if id(victim) not in self._hurt
        ]
        if not well:
            return []
        name, _, victim = self._random.choices(well, weights=[weight for _, weight, _ in well])[0]
        return [(name, victim)]

    def _kill(self) -> None:
        self._kill_all(self._choose())

    def _power_cut(self) -> None:
        self._kill_all([(name, victim) for name, _, victim in self._world.victims() if id(victim) not in self._hurt])

    def _kill_all(self, victims: list[tuple[str, Program]]) -> None:
        for name, victim in victims:
            victim.kill()
            self.killed[name] += 1
            self._left -= 1
            self._until(victim, victim.start_again, self._random.uniform(0, LONGEST_DEATH_S))

    def _freeze(self) -> None:
        """As a machine that swaps, or a hypervisor that moves it: nothing is lost, and everybody else goes on."""
        for name, victim in self._choose():
            self.others[f"{name} frozen"] += 1
            victim.freeze()
            self._until(victim, victim.thaw, self._random.uniform(0.5, self._world.tempo.longest_freeze_s))

    def _wire(self) -> list[Wire]:
        well = [wire for wire in self._world.wires if id(wire) not in self._hurt]
        return [self._random.choice(well)] if well else []

    def _cut(self) -> None:
        for wire in self._wire():
            self.others[f"wire to {wire.to} cut"] += 1
            wire.cut()

    def _stall(self) -> None:
        for wire in self._wire():
            self.others[f"wire to {wire.to} stalled"] += 1
            wire.stall()
            cut = self._random.random() < 0.5

            def flow(wire: Wire = wire, *, cut: bool = cut) -> None:
                if cut:
                    wire.cut()
                wire.flow()

            self._until(wire, flow, self._random.uniform(0.5, self._world.tempo.longest_stall_s))

    def _starve(self) -> None:
        disk = self._world.disk
        if disk is None or id(disk) in self._hurt:
            return
        self.others["disk filled"] += 1
        disk.fill(leaving=self._random.choice([0, 0, 2**20]))
        self._until(disk, disk.make_room, self._random.uniform(1.0, LONGEST_FAST_S))

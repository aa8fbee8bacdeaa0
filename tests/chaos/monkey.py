"""Kills, freezes, cuts off and starves programs without warning; chance decides, a seed decides chance."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from demo.orthanc import Orthanc
    from demo.services import ModelService, Orchestrator
    from tests.chaos.wire import Wire
    from tests.small_disk import SmallDisk

LONGEST_LIFE_S = 5.0
"""Long enough to start and to work a little; often shorter, so that starting is interrupted too."""
LONGEST_DEATH_S = 1.5
LONGEST_FREEZE_S = 4.0
LONGEST_STALL_S = 3.0
LONGEST_FAST_S = 3.0
"""How long the disk stays full."""


@dataclass(frozen=True, slots=True)
class World:
    """What there is to attack. A database or several orchestrators more are more entries here."""

    orchestrators: Sequence[Orchestrator]
    models: Sequence[ModelService]
    orthanc: Orthanc
    wires: Sequence[Wire] = ()
    """Between orchestrators and what they speak to."""
    disk: SmallDisk | None = None
    """Of the ledger; None where it may not be filled."""

    def victims(self) -> list[tuple[str, float, Orchestrator | ModelService | Orthanc]]:
        """Each program with its name and how often it is chosen beside the others."""
        return [
            *(("orchestrator", 5 / len(self.orchestrators), one) for one in self.orchestrators),
            *(("model", 3 / len(self.models), one) for one in self.models),
            ("Orthanc", 3, self.orthanc),
        ]


class Monkey:
    """A thread that attacks until it has killed as often as was asked."""

    def __init__(self, world: World, random: Random, kills: int) -> None:
        self._world = world
        self._random = random
        self._left = kills
        self.killed: Counter[str] = Counter()
        self.others: Counter[str] = Counter()
        """Attacks that killed nobody."""
        self._pause = threading.Event()
        attacks = {self._kill: 7, self._freeze: 2}
        if world.wires:
            attacks |= {self._cut: 2, self._stall: 1}
        if world.disk:
            attacks[self._starve] = 1
        self._attacks = attacks

    def rage(self) -> None:
        """Kills as often as was asked; everything is on its way up again, and whole, at the end."""
        while self._left:
            self._wait(LONGEST_LIFE_S, least_s=0.1)
            attack = self._random.choices(list(self._attacks), weights=list(self._attacks.values()))[0]
            attack()

    def _wait(self, at_most_s: float, least_s: float = 0.0) -> None:
        self._pause.wait(self._random.uniform(least_s, at_most_s))

    def _choose(self) -> tuple[str, Orchestrator | ModelService | Orthanc]:
        victims = self._world.victims()
        name, _, victim = self._random.choices(victims, weights=[weight for _, weight, _ in victims])[0]
        return name, victim

    def _kill(self) -> None:
        victims = [self._choose()]
        if self._random.random() < 0.1:  # a power cut now and then
            victims = [(name, victim) for name, _, victim in self._world.victims()]
        for name, victim in victims:
            victim.kill()
            self.killed[name] += 1
            self._left = max(0, self._left - 1)
        self._wait(LONGEST_DEATH_S)
        for _, victim in victims:
            victim.start_again()

    def _freeze(self) -> None:
        """As a machine that swaps, or a hypervisor that moves it: nothing is lost, and everybody else goes on."""
        name, victim = self._choose()
        self.others[f"{name} frozen"] += 1
        victim.freeze()
        self._wait(LONGEST_FREEZE_S, least_s=0.5)
        victim.thaw()

    def _cut(self) -> None:
        self.others["wire cut"] += 1
        self._random.choice(self._world.wires).cut()

    def _stall(self) -> None:
        self.others["wire stalled"] += 1
        wire = self._random.choice(self._world.wires)
        wire.stall()
        self._wait(LONGEST_STALL_S, least_s=0.5)
        if self._random.random() < 0.5:
            wire.cut()
        wire.flow()

    def _starve(self) -> None:
        disk = self._world.disk
        if disk is None:
            return
        self.others["disk filled"] += 1
        disk.fill(leaving=self._random.choice([0, 0, 2**20]))
        self._wait(LONGEST_FAST_S, least_s=1.0)
        disk.make_room()

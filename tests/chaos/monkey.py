"""Kills programs without warning, and starts them again; chance decides, a seed decides chance."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from demo.stack import Stack

VICTIMS = {"orchestrator": 5, "model": 3, "Orthanc": 3}
"""How often each is chosen, beside the others."""
LONGEST_LIFE_S = 5.0
"""Long enough to start and to work a little; often shorter, so that starting is interrupted too."""
LONGEST_DEATH_S = 1.5


class Monkey:
    """A thread that kills."""

    def __init__(self, stack: Stack, random: Random, kills: int) -> None:
        self._stack = stack
        self._random = random
        self._left = kills
        self.killed: Counter[str] = Counter()
        self._pause = threading.Event()

    def rage(self) -> None:
        """Kills as often as was asked; everything is on its way up again at the end."""
        while self._left:
            self._pause.wait(self._random.uniform(0.1, LONGEST_LIFE_S))
            victims = self._random.choices(list(VICTIMS), weights=list(VICTIMS.values()), k=1)
            if self._random.random() < 0.1:  # a power cut now and then
                victims = list(VICTIMS)
            for victim in victims:
                self._kill(victim)
            self._pause.wait(self._random.uniform(0.0, LONGEST_DEATH_S))
            for victim in victims:
                self._start(victim)

    def _kill(self, victim: str) -> None:
        stack = self._stack
        {"orchestrator": stack.orchestrator.kill, "model": stack.model.kill, "Orthanc": stack.orthanc.kill}[victim]()
        self.killed[victim] += 1
        self._left = max(0, self._left - 1)

    def _start(self, victim: str) -> None:
        stack = self._stack
        if victim == "orchestrator":
            stack.orchestrator.launch()
        elif victim == "model":
            stack.model.launch()
        else:
            stack.orthanc.start()

"""A program of the stack: started in a process group of its own, ended with everything it started.

Three ways out are covered. An orderly stop signals the group, so that grandchildren (a model
server's workers) end too. Ctrl-C in a terminal reaches only us, because every program has a
session of its own; we then stop them in order. And when we are killed ourselves, the kernel sends
SIGTERM to each program (`PR_SET_PDEATHSIG`, by util-linux' `setpriv`; Linux only), whose own
shutdown ends its children.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from demo.waiting import NotInTime, until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

GRACE_S = 20.0
"""From SIGTERM to SIGKILL: longer than the drain time of a model server."""

TAIL_LINES = 15


class ProcessEnded(Exception):
    """A program that should be running is not; the text holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to start, and where it writes."""

    name: str
    """For people: `Orthanc`."""
    arguments: tuple[str, ...]
    log: Path
    """Standard output and standard error, appended."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Beside our own environment."""


class Process:
    """One running program."""

    def __init__(self, command: Command) -> None:
        self.command = command
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with command.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # commands of this package, no shell
                [*_follow_us_into_death(), *command.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **command.environment},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The program's own process id, which is its group's too."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the program has not ended yet."""
        return self._process.poll() is None

    def check(self) -> None:
        """Returns while the program runs. Raises `ProcessEnded` with the end of its log."""
        if not self.running:
            raise ProcessEnded(f"{self.command.name} ended with status {self._process.returncode}:\n{self.tail()}")

    def await_ready(self, ready: Callable[[], bool], *, deadline_s: float) -> None:
        """Returns when the program says itself that it is ready.

        Raises `ProcessEnded` as soon as it has ended, `NotInTime` at the deadline; both with the end of its log.
        """

        def probe() -> bool | None:
            self.check()
            return ready() or None

        try:
            until(probe, what=f"{self.command.name} answers", deadline_s=deadline_s)
        except NotInTime as error:
            raise NotInTime(f"{error}\n{self.tail()}") from error

    def tail(self) -> str:
        """The last lines of the log, and where the rest is."""
        lines = self.command.log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join([*(f"    {line}" for line in lines), f"    (all of it: {self.command.log})"])

    def stop(self) -> None:
        """Ends the program in order, and its whole group by force if it takes too long. May be called again."""
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=GRACE_S)
        self.kill()

    def kill(self) -> None:
        """Ends the whole group at once, as a power cut would. May be called again."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def freeze(self) -> None:
        """Stops the whole group where it is; only `thaw` and `kill` help it then."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets the group go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def _follow_us_into_death() -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "TERM", "--") if setpriv else ()


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port

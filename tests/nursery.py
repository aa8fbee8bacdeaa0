"""Starts the same programs hundreds of times: each is forked from one process that has imported them once.

Importing takes an orchestrator three seconds of processor time, which a thousand kills would spend a
thousand times over. What is forked has opened nothing yet: no database, no socket, no thread. It is a
process with a group of its own, killed and stopped like any other.

As a program this is the other side: it reads one request per line and answers with the process id.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import runpy
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from demo.processes import Command, Process

if TYPE_CHECKING:
    from types import TracebackType

ROOT = Path(__file__).parents[1]
IMPORTED = ("orchestrator.app", "orchestrator.cli", "bench.model")
_PR_SET_PDEATHSIG = 1


class Nursery:
    """The process that all others are forked from."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.communicate()

    def begin(self, command: Command) -> Process:
        """The program of a command, which is a script of this project or `python -m module`."""
        program, *arguments = command.arguments
        module = "orchestrator"
        if arguments[0] == "-m":
            _, module, *arguments = arguments
        command.log.parent.mkdir(parents=True, exist_ok=True)
        command.log.touch()
        request = {
            "module": module,
            "arguments": [program, *arguments],
            "log": str(command.log),
            "environment": dict(command.environment),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        return _Forked(command, int(self._process.stdout.readline()))


class _Forked(Process):
    """A process whose parent is the nursery."""

    def __init__(self, command: Command, pid: int) -> None:
        self.command = command
        self._process = _Handle(pid)

    def _signal(self, number: signal.Signals) -> None:
        """Only while it runs: whoever has ended is waited for at once, and its number may be somebody else's."""
        if self.running:
            super()._signal(number)


class _Handle(subprocess.Popen[bytes]):
    """What `Process` asks of the process that it has started, for one that somebody else has."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode = None
        self._child_created = False  # whoever forked it waits for it
        try:
            self._ended: int | None = os.pidfd_open(pid)
        except ProcessLookupError:
            self._ended = None

    def poll(self) -> int | None:
        """0 when it has ended, however it did; None while it runs."""
        return self._wait_ms(0)

    def wait(self, timeout: float | None = None) -> int:
        """Returns when it has ended. Raises `TimeoutExpired`."""
        status = self._wait_ms(None if timeout is None else int(1000 * timeout))
        if status is None:
            raise subprocess.TimeoutExpired("a forked program", timeout or 0.0)
        return status

    def _wait_ms(self, timeout_ms: int | None) -> int | None:
        if self._ended is None:
            return 0
        look = select.poll()
        look.register(self._ended, select.POLLIN)
        if not look.poll(timeout_ms):
            return None
        os.close(self._ended)
        self._ended = None
        return 0


def main() -> None:
    """Forks what is asked for until nobody asks any more."""
    for module in IMPORTED:
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: the kernel takes them away
    with os.fdopen(os.dup(0), "rb") as asked:
        for line in iter(asked.readline, b""):
            pid = os.fork()
            if pid == 0:
                asked.close()
                _become(json.loads(line))
            os.write(1, f"{pid}\n".encode())


def _become(request: dict[str, object]) -> None:
    """Leaves by `SystemExit`, as the program does."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(str(request["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    sys.argv = request["arguments"]  # type: ignore[assignment]
    runpy.run_module(str(request["module"]), run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    main()

"""A PostgreSQL of its own: a private cluster in a temporary folder, on a random port, with a password.

PostgreSQL refuses to run as root; started by root it runs as the user `postgres` of the Debian package.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from demo.processes import Command, Process, free_port
from demo.waiting import until

START_DEADLINE_S = 30.0
USER = "wetread"
_INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))


class NoPostgres(Exception):
    """There is none on this machine; the text says what to type."""


class Postgres:
    """One server; stopped and started again it has the same port, account and databases."""

    def __init__(self) -> None:
        """Makes the cluster. Raises `NoPostgres`."""
        if not _INSTALLED:
            raise NoPostgres("There is no PostgreSQL on this machine. Type:  sudo apt-get install postgresql")
        self.folder = Path(tempfile.mkdtemp(prefix="wetread-postgres-"))
        self.port = free_port()
        self.password = secrets.token_urlsafe(12)
        self.password_file = self.folder / "password"
        self.log = self.folder / "postgres.log"
        self._data = self.folder / "data"
        self._process: Process | None = None
        self.password_file.write_text(self.password, encoding="utf-8")
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            shutil.chown(self.password_file, "postgres", "postgres")
        self._run("initdb", "-D", self._data, "-U", USER, "--auth=scram-sha-256", "--pwfile", self.password_file)

    def start(self) -> None:
        """Returns when it answers. Raises `ProcessEnded` or `NotInTime`."""
        self.launch().await_ready(self._answers, deadline_s=START_DEADLINE_S)

    def start_again(self) -> None:
        """Starts it; returns at once."""
        self.launch()

    def launch(self) -> Process:
        """Starts it; returns at once."""
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "fsync": "off",  # processes are killed here, never the kernel
        }
        given = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        program = (*_as_postgres(), str(_INSTALLED[-1] / "postgres"), "-D", str(self._data), *given)
        self._process = Process(Command("PostgreSQL", program, self.log))
        return self._process

    def stop(self) -> None:
        """Ends it in order, its sessions too. May be called again."""
        if self._process and self._process.running:
            self._run("pg_ctl", "-D", self._data, "-m", "fast", "-w", "stop")
        self._process = None

    def kill(self) -> None:
        """Ends it at once with all its sessions, as a power cut would. May be called again."""
        if self._process:
            sessions = self._sessions(self._process)
            self._process.kill()
            for session in sessions:
                with suppress(ProcessLookupError):
                    os.kill(session, signal.SIGKILL)
            until(lambda: _gone(sessions), what="PostgreSQL's sessions end", deadline_s=START_DEADLINE_S)
        self._process = None

    def freeze(self) -> None:
        """Stops it where it is with all its sessions, as a machine that swaps would."""
        if self._process:
            self._process.freeze()
            self._signal_sessions(self._process, signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        if self._process:
            self._signal_sessions(self._process, signal.SIGCONT)
            self._process.thaw()

    def remove(self) -> None:
        """Stops it and deletes everything."""
        self.stop()
        shutil.rmtree(self.folder)

    def make(self, database: str) -> str:
        """The address of a new, empty database, without the password, as a site file has it."""
        self.run(f'CREATE DATABASE "{database}"')
        return self.address(database)

    def address(self, database: str) -> str:
        """A database as a site file has it."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def url(self, database: str) -> str:
        """A database with the password."""
        return self.address(database).replace("@", f":{self.password}@")

    def run(self, statement: str, database: str = "postgres") -> str:
        """What psql prints for a statement."""
        command = [str(_INSTALLED[-1] / "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database]
        done = subprocess.run(  # noqa: S603  # the statement is the caller's
            [*command, "-v", "ON_ERROR_STOP=1", "-Atqc", statement],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PGPASSWORD": self.password},
        )
        return done.stdout.strip()

    def _signal_sessions(self, server: Process, number: signal.Signals) -> None:
        for session in self._sessions(server):
            with suppress(ProcessLookupError):
                os.kill(session, number)

    @staticmethod
    def _sessions(server: Process) -> list[int]:
        """The server's own processes: each leads a group of its own, which no signal to the server reaches."""
        try:
            children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="ascii")
        except OSError:
            return []
        return [int(child) for child in children.split()]

    def _answers(self) -> bool:
        command = [str(_INSTALLED[-1] / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0  # noqa: S603  # no shell

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [*_as_postgres(), str(_INSTALLED[-1] / program), *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True, cwd="/")  # noqa: S603  # no shell


def _gone(processes: list[int]) -> bool | None:
    return not any(_runs(process) for process in processes) or None


def _runs(process: int) -> bool:
    """Whether it holds anything yet; one that has ended and is not waited for holds nothing."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


def _as_postgres() -> tuple[str, ...]:
    """What makes a program run as another user than root."""
    if os.getuid() != 0:
        return ()
    account = pwd.getpwnam("postgres")
    given = (f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups")
    return "setpriv", *given, "--pdeathsig", "INT", "--"  # another user's program forgets whom it follows

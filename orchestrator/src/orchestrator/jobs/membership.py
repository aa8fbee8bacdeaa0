"""What a process must know before it works: who it is, whether it leads, whether it may change anything.

`Alone` is the only process of a SQLite ledger, whose file lock it holds. `replica.Replica` is one of
several on one PostgreSQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from orchestrator.jobs.engine import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa


class Membership(Protocol):
    """A process's place among the orchestrators of one ledger."""

    @property
    def executor_id(self) -> str:
        """The name under which the engine works; never that of another process, dead or alive."""
        ...

    def join(self, on_expelled: Callable[[], None]) -> None:
        """Takes part from now on; the call-back says that the others believe us dead. Raises `DatabaseUnavailable`."""
        ...

    def leads(self) -> bool:
        """Whether this process watches, judges and sweeps; never true for two at once."""
        ...

    def entitle(self) -> None:
        """Returns when this process may change something outside now. Raises `DatabaseUnavailable`."""
        ...

    def living(self, connection: sa.Connection) -> frozenset[str]:
        """The `executor_id` of all that take part."""
        ...

    def leave(self) -> None:
        """Takes part no more: what it has left is taken over at once."""
        ...


class Alone:
    """The only process there is."""

    executor_id = APPLICATION
    """Constant, so that the engine takes up what the last process has left."""

    def join(self, on_expelled: Callable[[], None]) -> None:
        """Nobody else is there."""
        del on_expelled

    def leads(self) -> bool:
        """Always."""
        return True

    def entitle(self) -> None:
        """Always."""

    def living(self, connection: sa.Connection) -> frozenset[str]:
        """This one."""
        del connection
        return frozenset({self.executor_id})

    def leave(self) -> None:
        """Nobody else is there."""

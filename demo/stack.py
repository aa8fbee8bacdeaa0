"""Orthanc, a model and the orchestrator, running together on this machine.

    with Stack(folder) as stack:
        events = stack.start()

Everything that was started is stopped when the block is left, in the opposite order, whatever
went wrong in between.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from demo.orthanc import Orthanc, OrthancSettings
from demo.services import ModelService, Orchestrator

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from demo.events import EventLog


class Stack:
    """The three components; each can be stopped, killed and started again alone."""

    def __init__(
        self,
        folder: Path,
        *,
        model: ModelService | None = None,
        orthanc: OrthancSettings | None = None,
        **site: Mapping[str, object],
    ) -> None:
        """`site` holds sections of the site file that differ from the stack's own: `watch={"idle_poll": "1s"}`."""
        self.orthanc = Orthanc(folder / "orthanc", orthanc)
        self.model = model or ModelService(folder)
        self.orchestrator = Orchestrator(folder / "orchestrator", self.orthanc, (self.model.address,), **site)
        self.archive = self.orthanc.archive
        self._started = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._started.close()

    def start(self) -> EventLog:
        """The orchestrator's log, when all three are ready and it knows the model."""
        self.launch_model()
        self.start_orthanc()
        self.model.await_ready()
        return self.start_orchestrator()

    def launch_model(self) -> None:
        """Starts the model without waiting for it: it takes longest."""
        self._started.callback(self.model.stop)
        self.model.launch()

    def start_orthanc(self) -> None:
        """Returns when Orthanc answers."""
        self._started.callback(self.orthanc.stop)
        self.orthanc.start()

    def start_orchestrator(self) -> EventLog:
        """The orchestrator's log, when it has started and knows a model."""
        self._started.callback(self.orchestrator.stop)
        events = self.orchestrator.start()
        events.wait_for("model_registered")
        return events

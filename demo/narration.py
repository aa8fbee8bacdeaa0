"""Says what is happening: in colour with a spinner on a terminal, in plain lines elsewhere."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.events import Event

DONE = {
    "study_noticed": "Orthanc calls the study stable",
    "study_judged": "study judged",
    "job_queued": "job written to the ledger",
    "prediction_requested": "pixels are streamed to the model",
    "prediction_received": "the model has answered",
    "result_composed": "card and structured report composed",
    "result_stored": "both stored in Orthanc, and read back",
}
"""What a good event means, in the words of the demo."""
TROUBLE = {
    "archive_unavailable": "Orthanc does not answer; the orchestrator goes on trying",
    "archive_refused": "Orthanc refuses the orchestrator",
    "model_refused": "a model was refused",
    "model_lost": "the model is gone; its jobs wait for it",
    "study_unreadable": "the study cannot be read",
    "job_retried": "it did not work, and will be tried again",
    "job_unsuitable": "the model cannot read this study",
    "job_failed": "the job failed",
    "job_gone": "the study has been deleted",
}
HIDDEN = frozenset({"event", "timestamp", "level", "job", "study", "model", "version"})


class Narrator:
    """Writes steps, stages and the ending to one console."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._begin = time.monotonic()

    def title(self, text: str, subtitle: str) -> None:
        """What this is."""
        self.console.print(Text.assemble((text, "bold"), "  ", (subtitle, "dim")))

    @contextmanager
    def step(self, doing: str) -> Iterator[list[str]]:
        """A step with its time; what the block puts into the list is said behind it."""
        began = time.monotonic()
        details: list[str] = []
        try:
            with self.console.status(f"{doing} …") if self.console.is_terminal else _plain(self.console, doing):
                yield details
        except BaseException:
            self.console.print(Text.assemble(("✗ ", "bold red"), doing))
            raise
        self._line("✓", "green", doing, f"{time.monotonic() - began:6.2f} s", *details)

    def stage(self, event: Event) -> None:
        """Something that the orchestrator logged, if it is worth a line."""
        details = [f"{key} {value}" for key, value in event.values.items() if key not in HIDDEN and value is not None]
        elapsed = f"{time.monotonic() - self._begin:6.2f} s"
        if event.name in DONE:
            self._line("●", "cyan", DONE[event.name], elapsed, *details)
        elif event.name in TROUBLE:
            self._line("!", "yellow", TROUBLE[event.name], elapsed, *details)

    def since_now(self) -> None:
        """Stages count their time from here."""
        self._begin = time.monotonic()

    def warn(self, text: str) -> None:
        """Something that went wrong and stops nobody."""
        self.console.print(Text.assemble(("! ", "bold yellow"), text))

    def fail(self, text: str) -> None:
        """Why it ends here, and what to do."""
        self.console.print(Text.assemble(("✗ ", "bold red"), text))

    def ending(self, title: str, lines: list[tuple[str, str]]) -> None:
        """A frame with what there is to see now: name and value per line."""
        width = max(len(name) for name, _ in lines)
        body = Text("\n").join(Text.assemble((f"{name:<{width}}  ", "dim"), value) for name, value in lines)
        if self.console.is_terminal:
            self.console.print(Panel(body, title=f"[bold]{title}[/]", title_align="left", border_style="green"))
        else:
            self.console.print(title)
            self.console.print(body, soft_wrap=True)

    def _line(self, mark: str, colour: str, text: str, elapsed: str, *details: str) -> None:
        line = Text.assemble((f"{mark} ", f"bold {colour}"), f"{text:<44}", (f"{elapsed}", "dim"))
        if details:
            line.append("  " + ", ".join(details), "dim")
        self.console.print(line, soft_wrap=True)


@contextmanager
def _plain(console: Console, doing: str) -> Iterator[None]:
    """Where nobody watches a spinner turn, a line says what is waited for."""
    console.print(Text(f"  {doing} …"))
    yield

"""Models for tests: each is the smallest author's class that shows one behaviour."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from wetread_sdk import (
    Abandoned,
    Answer,
    Category,
    Classification,
    Code,
    Context,
    Findings,
    Loaded,
    Settings,
    Study,
    Unsuitable,
    UnsuitableStudy,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME = "fake"
VERSION = "1.0.0"
WEIGHTS = "ab" * 32
GRADE_B = Category(Code("129717001", "SCT", "Scattered fibroglandular densities"), "B")
ANSWER = Findings((Classification(Code("129715009", "SCT", "Breast composition"), GRADE_B),), ("a test",))

DECLARATION = """\
schema: 1
name: {name}
version: {version}
title: A model for tests
intended_use: None but tests
stage: demonstration
level: study
select:
  Modality: MG
  SOPClassUID: 1.2.840.10008.5.1.4.1.1.1.2
  PresentationIntentType: FOR PRESENTATION
limits: {{concurrency: {concurrency}, deadline_s: {deadline_s}, max_bytes: {max_bytes}}}
"""


def settings(
    folder: Path,
    *,
    concurrency: int = 2,
    deadline_s: float = 30,
    max_bytes: int = 2**24,
    lowered_to: int = 0,
    **others: object,
) -> Settings:
    """Settings of a fake model that listens on any free port, with its declaration written to the folder."""
    declaration = folder / "model.yaml"
    text = DECLARATION.format(
        name=NAME, version=VERSION, concurrency=concurrency, deadline_s=deadline_s, max_bytes=max_bytes
    )
    declaration.write_text(text)
    defaults: dict[str, object] = {"grpc_host": "127.0.0.1", "grpc_port": 0, "spool_dir": folder, "drain_s": 10.0}
    defaults["concurrency"] = lowered_to
    return Settings(declaration=declaration, **(defaults | others))  # type: ignore[arg-type]


class Answering:
    """Answers every study with what a function makes of it; by default grade B."""

    def __init__(self, answer: Callable[[Study], Answer] = lambda _: ANSWER) -> None:
        self._answer = answer

    def load(self, context: Context) -> Loaded:
        del context
        return Loaded(WEIGHTS, "none", "cpu")

    def predict(self, study: Study) -> Answer:
        return self._answer(study)


class Held(Answering):
    """Says that it has begun, and answers once it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.let_go = threading.Event()
        self.answered = 0
        self.abandoned = threading.Event()

    def predict(self, study: Study) -> Answer:
        self.begun.release()
        while not self.let_go.wait(0.01):
            try:
                study.go_on()
            except Abandoned:
                self.abandoned.set()
                raise
        self.answered += 1
        return ANSWER


def unsuitable(_: Study) -> Answer:
    return Unsuitable("too_dark", "the picture is too dark")


def raises_unsuitable(_: Study) -> Answer:
    raise UnsuitableStudy("too_dark", "the picture is too dark")

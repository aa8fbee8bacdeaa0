"""The models that studies are judged by: those that answer now, and the last known ones that are down.

A study that arrives while a model is down is judged by what the model last said, and waits for it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from orchestrator.dispatch.registry import newest
from orchestrator.handoffs import RegisteredModel
from orchestrator.jobs import catalogue
from wetread_contract.declaration import DeclarationError, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from orchestrator.dispatch.registry import Registry
    from orchestrator.jobs.database import Database
    from wetread_contract.declaration import Declaration


class ActiveModels:
    """One version of each model name; brought up to date by `refresh`, read by anybody."""

    def __init__(self, registry: Registry, database: Database, clock: Callable[[], datetime]) -> None:
        self._registry = registry
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._declarations: dict[str, Declaration] = {}
        self._models: tuple[RegisteredModel, ...] = ()
        self._noted: frozenset[str] = frozenset()

    def __call__(self) -> Sequence[RegisteredModel]:
        """As of the last refresh."""
        with self._lock:
            return self._models

    def refresh(self) -> list[str]:
        """Asks the endpoints, keeps what they say; the names that are new to this site."""
        live = self._registry.refresh()
        now = self._clock()
        digests = frozenset(f"{one.identity.declaration_sha256}{one.identity.weights_sha256}" for one in live)
        new_names = []
        if digests - self._noted or not self._models:
            with self._database.write() as connection:
                new_names = [
                    one.identity.name for one in live if catalogue.note(connection, one.identity, one.text, now)
                ]
        with self._database.read() as connection:
            known = catalogue.known(connection)
        self._noted = digests
        self._choose([one.identity.declaration_sha256 for one in live], known)
        return new_names

    def _choose(self, live: Sequence[str], known: Sequence[catalogue.KnownModel]) -> None:
        """By name: the highest version that answers, else the highest that ever did."""
        since: dict[str, datetime] = {}
        for model in known:
            name = model.identity.name
            since[name] = min(model.first_seen, since.get(name, model.first_seen))
        last = newest([model.identity for model in known])
        last |= newest([model.identity for model in known if model.identity.declaration_sha256 in live])
        texts = {model.identity.declaration_sha256: model.declaration for model in known}
        chosen = []
        for name, identity in last.items():
            declaration = self._parsed(identity.declaration_sha256, texts[identity.declaration_sha256])
            if declaration is not None:
                chosen.append(RegisteredModel(identity, declaration, since[name]))
        with self._lock:
            self._models = tuple(chosen)

    def _parsed(self, digest: str, text: str) -> Declaration | None:
        """A kept declaration; None for one that this release no longer accepts."""
        if digest not in self._declarations:
            try:
                self._declarations[digest] = parse(text)
            except DeclarationError:
                return None
        return self._declarations[digest]

"""The models that studies are judged by: those that answer now, and the last known ones that are down.

Of the versions of a model one is active: the highest approved one, else the highest one (whose
results are then HELD). One that answers goes before one that does not. A study that arrives while a
model is down is judged by what the model last said, and waits for it.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from orchestrator.handoffs import ModelIdentity, RegisteredModel
from orchestrator.jobs import approvals, catalogue
from wetread_contract.declaration import DeclarationError, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from orchestrator.dispatch.registry import Registry
    from orchestrator.jobs.catalogue import KnownModel
    from orchestrator.jobs.database import Database
    from wetread_contract.declaration import Declaration


class SiteSays(Protocol):
    """What a site has decided about running models for comparison only."""

    def shadows(self, name: str, version: str) -> bool:
        """Whether this version runs in shadow beside the active one."""
        ...

    def shadowed(self, name: str) -> bool:
        """Whether the model as a whole runs in shadow."""
        ...


_NOTE_EVERY = timedelta(seconds=30)
"""How exactly the ledger knows when a model last answered: far below `models.version_grace`, in minutes."""
_NEVER = datetime.min.replace(tzinfo=UTC)


class ActiveModels:
    """One version of each model name, and those in shadow; brought up to date by `refresh`, read by anybody."""

    def __init__(
        self, registry: Registry, database: Database, site: Callable[[], SiteSays], clock: Callable[[], datetime]
    ) -> None:
        self._registry = registry
        self._database = database
        self._site = site
        self._clock = clock
        self._lock = threading.Lock()
        self._declarations: dict[str, Declaration | None] = {}
        self._models: tuple[RegisteredModel, ...] = ()
        self._noted_at: dict[ModelIdentity, datetime] = {}

    def __call__(self) -> Sequence[RegisteredModel]:
        """As of the last refresh."""
        with self._lock:
            return self._models

    def refresh(self) -> list[str]:
        """Asks the endpoints, keeps what they say; the names that are new to this site."""
        live = self._registry.refresh()
        with self._database.write() as connection:
            now = self._clock()
            unnoted = [one for one in live if now - self._noted_at.get(one.identity, _NEVER) >= _NOTE_EVERY]
            new_names = [
                one.identity.name for one in unnoted if catalogue.note(connection, one.identity, one.text, now)
            ]
            catalogue.note_refusals(connection, self._registry.refusals(), now)
            known = catalogue.known(connection)
            approved = approvals.all_approved(connection)
        chosen = choose(known, {one.identity for one in live}, approved, self._site(), self._parsed)
        self._noted_at |= {one.identity: now for one in unnoted}
        with self._lock:
            self._models = chosen
        return new_names

    def _parsed(self, model: KnownModel) -> Declaration | None:
        digest = model.identity.declaration_sha256
        if digest not in self._declarations:
            self._declarations[digest] = parsed(model)
        return self._declarations[digest]


def choose(
    known: Sequence[KnownModel],
    live: Collection[ModelIdentity],
    approved: Collection[ModelIdentity],
    site: SiteSays,
    parsed: Callable[[KnownModel], Declaration | None],
) -> tuple[RegisteredModel, ...]:
    """Of each name the active version, then the versions that answer and run in shadow beside it."""
    chosen = []
    for name in dict.fromkeys(model.identity.name for model in known):
        versions = [model for model in known if model.identity.name == name]
        since = min(model.first_seen for model in versions)
        shadows = [model for model in versions if site.shadows(name, model.identity.version)]
        ranked = sorted(
            (model for model in versions if model not in shadows),
            key=lambda model: _rank(model.identity, live, approved),
        )
        for model in ranked[-1:] + [shadow for shadow in shadows if shadow.identity in live]:
            declaration = parsed(model)
            if declaration is not None:
                shadow = model in shadows or site.shadowed(name)
                chosen.append(RegisteredModel(model.identity, declaration, since, shadow))
    return tuple(chosen)


def parsed(model: KnownModel) -> Declaration | None:
    """A kept declaration; None for one that this release no longer accepts."""
    try:
        return parse(model.declaration, accept_too_broad=True)
    except DeclarationError:
        return None


def highest(text: str) -> tuple[tuple[int, ...], int, str]:
    """A version's place among others (semver.org 11, but for the order of pre-releases: by their letters)."""
    release, _, suffix = text.partition("+")[0].partition("-")
    return tuple(int(part) for part in release.split(".") if part.isdigit()), 0 if suffix else 1, suffix


def _rank(
    identity: ModelIdentity, live: Collection[ModelIdentity], approved: Collection[ModelIdentity]
) -> tuple[bool, bool, tuple[tuple[int, ...], int, str]]:
    return identity in live, identity in approved, highest(identity.version)

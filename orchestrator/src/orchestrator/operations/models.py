"""Acts of a person on models: approve, revoke, compare."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import Permanent
from orchestrator.jobs import approvals, audit, catalogue, ledger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from orchestrator.handoffs import ModelIdentity
    from orchestrator.jobs.catalogue import KnownModel
    from orchestrator.jobs.database import Database


class ModelUnknown(Permanent):
    """No model of that name and version has ever described itself to this site."""


@dataclass(frozen=True, slots=True)
class SeenModel:
    """A model that has described itself, and whether its results may leave."""

    model: KnownModel
    approved: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two versions said about the same studies."""

    pairs: Mapping[tuple[str, str], int]
    """(first's result, second's result) → how many studies."""

    @property
    def total(self) -> int:
        """Studies that both have read."""
        return sum(self.pairs.values())

    @property
    def agreeing(self) -> int:
        """Studies about which both say the same."""
        return sum(count for (one, other), count in self.pairs.items() if one == other)


def seen(database: Database) -> tuple[list[SeenModel], dict[str, str]]:
    """(every model that this site has seen, why endpoints that answer are not used)."""
    with database.read() as connection:
        known = [
            SeenModel(model, approvals.approved(connection, model.identity)) for model in catalogue.known(connection)
        ]
        return known, catalogue.refusals(connection)


def approve(database: Database, name: str, version: str, *, by: str, reason: str, now: datetime) -> ModelIdentity:
    """Lets results of the digests that this version has now leave Orthanc. Raises `ModelUnknown`."""
    with database.write() as connection:
        identity = _latest(catalogue.known(connection), name, version)
        approvals.approve(connection, identity, now)
        audit.record(
            connection,
            at=now,
            who=by,
            what="approve",
            subject=f"model {name} {version}",
            why=reason,
            after=identity.weights_sha256,
        )
    return identity


def revoke(database: Database, name: str, version: str, *, by: str, reason: str, now: datetime) -> int:
    """Keeps results of this version in Orthanc from now on; how many approvals that ended."""
    with database.write() as connection:
        ended = approvals.revoke(connection, name, version, now)
        audit.record(connection, at=now, who=by, what="revoke", subject=f"model {name} {version}", why=reason)
    return ended


def compare(database: Database, name: str, one: str, other: str) -> Comparison:
    """How often two versions of a model agree on the studies that both have read."""
    with database.read() as connection:
        said = ledger.summaries(connection, name)
    both = [(versions[one], versions[other]) for versions in said.values() if one in versions and other in versions]
    return Comparison(Counter(both))


def _latest(known: list[KnownModel], name: str, version: str) -> ModelIdentity:
    found = [model.identity for model in known if (model.identity.name, model.identity.version) == (name, version)]
    if not found:
        versions = sorted({f"{model.identity.name} {model.identity.version}" for model in known})
        raise ModelUnknown(f"{name} {version} has never been here; known: {', '.join(versions) or 'none yet'}")
    return found[-1]

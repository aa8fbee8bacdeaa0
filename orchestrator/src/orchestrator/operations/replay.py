"""Asks rules about what is in Orthanc, without running anything: before a model or a rule goes live."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.errors import Gone
from orchestrator.handoffs import Digest, ModelIdentity, RegisteredModel
from orchestrator.match.matcher import match
from orchestrator.watch.generation import contents
from wetread_contract.judgement import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from orchestrator.handoffs import OrthancId
    from orchestrator.match.policy import SitePolicy
    from orchestrator.orthanc.archive import Archive
    from wetread_contract.declaration import Declaration
    from wetread_contract.headers import Headers


@dataclass(slots=True)
class Tally:
    """What one model's rules say about all studies so far."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    gained: list[OrthancId] = field(default_factory=list)
    """Studies that match now and did not by the rules that are in force."""
    lost: list[OrthancId] = field(default_factory=list)
    """Studies that match by the rules in force and would not any more."""

    @property
    def studies(self) -> int:
        """How many were looked at."""
        return sum(self.outcomes.values())

    @property
    def share(self) -> float:
        """How broad the rule is: matching studies among all, 0 to 1."""
        return self.outcomes[Outcome.MATCHED] / self.studies if self.studies else 0.0


def replay(
    archive: Archive,
    studies: Sequence[OrthancId],
    current: Sequence[RegisteredModel],
    proposed: Sequence[RegisteredModel],
    policies: Mapping[str, SitePolicy],
) -> Iterator[Mapping[str, Tally]]:
    """The tallies by model name, yielded after each study so that progress can be shown; nothing is run or stored.

    `proposed` are declarations that may replace those in `current` of the same name. Raises what the
    archive raises; a study that goes meanwhile is left out.
    """
    tallies = {model.identity.name: Tally() for model in proposed}
    for study in studies:
        try:
            headers = [one.headers for one in contents(archive, study) if not one.ours]
        except Gone:
            continue
        before = _matching(current, headers, policies)
        after = {one.model.name: one.judgement.outcome for one in match(proposed, headers, policies=policies)}
        for name, outcome in after.items():
            tallies[name].outcomes[outcome] += 1
            if outcome is Outcome.MATCHED and name not in before:
                tallies[name].gained.append(study)
            if outcome is not Outcome.MATCHED and name in before:
                tallies[name].lost.append(study)
        yield tallies


def proposed(current: Sequence[RegisteredModel], tried: Sequence[Declaration], now: datetime) -> list[RegisteredModel]:
    """The declarations to try, in the place of those in force of the same name."""
    known = {model.identity.name: model.known_since for model in current}
    return [
        RegisteredModel(
            ModelIdentity(one.name, one.version, Digest(""), Digest(one.sha256)), one, known.get(one.name, now)
        )
        for one in tried
    ]


def _matching(
    models: Sequence[RegisteredModel], headers: Sequence[Headers], policies: Mapping[str, SitePolicy]
) -> frozenset[str]:
    found = match(models, headers, policies=policies)
    return frozenset(one.model.name for one in found if one.judgement.outcome is Outcome.MATCHED)

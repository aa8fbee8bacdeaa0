"""One study against every model: an index first, the rules only where they can match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.handoffs import Match
from orchestrator.match.policy import UNCHANGED
from wetread_contract.dictionary import attribute
from wetread_contract.judge import judge_rules
from wetread_contract.judgement import Judgement, Outcome
from wetread_contract.rules import INDEX
from wetread_contract.study import Study

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestrator.handoffs import RegisteredModel
    from orchestrator.match.policy import SitePolicy
    from wetread_contract.headers import Headers
    from wetread_contract.rules import Rules

SWITCHED_OFF = "the model is switched off at this site"


def match(
    models: Sequence[RegisteredModel],
    instances: Sequence[Headers],
    *,
    policies: Mapping[str, SitePolicy] | None = None,
) -> list[Match]:
    """Return what each model's rules say about a study without our own objects, in the order of the models.

    One match per model; with `level: series` one per series that is not MISSED, at least one. A
    model that asks for another modality and another SOP class is MISSED in one line, without a
    tree: its rules are not evaluated.
    """
    study = Study(instances)
    index = _Index(study)
    policies = policies or {}
    return [
        Match(model.identity, judgement, model.shadow)
        for model in models
        for judgement in _judgements(model, study, index, _policy(model, policies))
    ]


def _policy(model: RegisteredModel, policies: Mapping[str, SitePolicy]) -> SitePolicy:
    """What the site has decided about this version: its own entry, else the model's."""
    name, version = model.identity.name, model.identity.version
    return policies.get(f"{name} {version}", policies.get(name, UNCHANGED))


def _judgements(model: RegisteredModel, study: Study, index: _Index, policy: SitePolicy) -> Iterator[Judgement]:
    if policy.off:
        yield Judgement(Outcome.MISSED, reasons=(SWITCHED_OFF,))
        return
    declaration = model.declaration
    missed = index.missed(declaration.rules)
    if missed:
        yield Judgement(Outcome.MISSED, reasons=(missed,))
        return
    rules = declaration.rules.narrowed(policy.select, policy.exclude)
    yield from judge_rules(rules, study, per_series=declaration.level == "series")


class _Index:
    """Which modalities and SOP classes a study has."""

    def __init__(self, study: Study) -> None:
        self.held = {
            name: {str(value) for held, _ in study.column(attribute(name)) for value in held.values} for name in INDEX
        }

    def missed(self, rules: Rules) -> str | None:
        """Return why no instance can come close, None where one may."""
        pins = rules.pins
        if not pins or any(values & self.held[name] for name, values in pins.items()):
            return None
        return "no instance has " + " or ".join(f"{name} {', '.join(sorted(pins[name]))}" for name in sorted(pins))

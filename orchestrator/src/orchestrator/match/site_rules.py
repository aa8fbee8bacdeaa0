"""What a site file says about matching: policies that narrow models, and what is urgent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.match import policy
from wetread_contract.condition_reader import ConditionReader
from wetread_contract.conditions import answered
from wetread_contract.problems import Problems
from wetread_contract.study import Study
from wetread_contract.yaml_source import Mapping, read

if TYPE_CHECKING:
    from collections.abc import Mapping as MappingOf
    from collections.abc import Sequence
    from datetime import timedelta

    from orchestrator.match.policy import SitePolicy
    from wetread_contract.conditions import Condition
    from wetread_contract.headers import Headers


@dataclass(frozen=True, slots=True)
class SiteRules:
    """The part of one version of a site file that decides about studies."""

    policies: MappingOf[str, SitePolicy] = field(default_factory=dict)
    """By model name, or by `name version`."""
    stat: tuple[Condition, ...] = ()
    """A study is urgent when all of these are true for one of its instances; without any, none is."""
    sha256: str = ""
    """Of the whole file: kept with each decision."""

    def is_stat(self, instances: Sequence[Headers]) -> bool:
        """Whether a study is read before routine ones."""
        study = Study(instances)
        urgent = study.universe if self.stat else 0
        for condition in self.stat:
            urgent &= answered(condition, study).true
        return urgent != 0

    def shadowed(self, name: str) -> bool:
        """Whether this model as a whole runs for comparison only."""
        return self.policies.get(name, policy.UNCHANGED).shadow

    def accepts_too_broad(self, name: str) -> bool:
        """Whether the site takes a rule of this model that selects nearly everything."""
        return self.policies.get(name, policy.UNCHANGED).accept_too_broad

    def start_after(self, name: str, version: str) -> timedelta | None:
        """How quiet a study must have been for this model to start before it is stable; None: as the site says."""
        own = self.policies.get(f"{name} {version}", self.policies.get(name, policy.UNCHANGED))
        return own.start_after

    def shadows(self, name: str, version: str) -> bool:
        """Whether this version runs for comparison only, beside the one that is active."""
        return self.policies.get(f"{name} {version}", policy.UNCHANGED).shadow


def parse(text: str, *, file: str, sha256: str) -> SiteRules:
    """The rules in a site file's text.

    Raises:
        DeclarationError: with every problem, where it is and what would be right.
    """
    problems = Problems(file)
    node = read(text, problems)
    stat: tuple[Condition, ...] = ()
    wanted = node.get("priority") if isinstance(node, Mapping) else None
    conditions = wanted.get("stat") if isinstance(wanted, Mapping) else None
    if conditions is not None:
        stat = ConditionReader(problems).conditions(conditions)
    if problems.found:
        raise problems.error()
    return SiteRules(policy.parse(text, file=file), stat, sha256)

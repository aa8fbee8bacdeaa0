"""How a site narrows models: more conditions, off, shadow; never wider.

The site file's part about models is read with the same language as a declaration, so that errors
name lines and scalars stay what was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wetread_contract.condition_reader import ConditionReader
from wetread_contract.durations import duration
from wetread_contract.problems import Problems
from wetread_contract.yaml_source import Entry, Mapping, Node, Scalar, read

if TYPE_CHECKING:
    from datetime import timedelta

    from wetread_contract.conditions import Condition

KEYS = ("accept_too_broad", "exclude", "off", "select", "shadow", "start_after")


@dataclass(frozen=True, slots=True)
class SitePolicy:
    """What a site has decided about one model, by the model's name."""

    select: tuple[Condition, ...] = ()
    """Conditions that must be true beside the declaration's own."""
    exclude: tuple[Condition, ...] = ()
    """Conditions of which none may be true beside the declaration's own."""
    off: bool = False
    """The model gets nothing. Default false."""
    shadow: bool = False
    """The model runs and its answers are kept, but nothing is stored. Default false."""
    accept_too_broad: bool = False
    """A rule that selects nearly everything is accepted from this model. Default false."""
    start_after: timedelta | None = None
    """How long a study must have been quiet for this model to start before it is stable; None: as the site says."""


UNCHANGED = SitePolicy()
"""The policy for models that the site says nothing about."""


def parse(
    text: str, *, file: str = "site.yaml", under: tuple[str, ...] = ("models", "policy")
) -> dict[str, SitePolicy]:
    """Return the policies that a site file's text holds, by model name; none where the file says nothing.

    Raises:
        DeclarationError: with every problem, where it is and what would be right.
    """
    problems = Problems(file)
    node: Node | None = read(text, problems)
    for key in under:
        node = node.get(key) if isinstance(node, Mapping) else None
    policies = {}
    if isinstance(node, Mapping):
        policies = {entry.key: _policy(entry, problems) for entry in node}
    elif node is not None:
        problems.add(node.place, "policies are a mapping", "write the model's name, a colon and its policy below it")
    if problems.found:
        raise problems.error()
    return policies


def _policy(entry: Entry, problems: Problems) -> SitePolicy:
    if not isinstance(entry.value, Mapping):
        problems.add(entry.place, f"the policy of `{entry.key}` is no mapping", f"one or more of {', '.join(KEYS)}")
        return UNCHANGED
    conditions: dict[str, tuple[Condition, ...]] = {}
    flags: dict[str, bool] = {}
    start_after = None
    for one in entry.value:
        if one.key in {"select", "exclude"}:
            conditions[one.key] = ConditionReader(problems).conditions(one.value)
        elif one.key == "start_after":
            start_after = _duration(one, problems)
        elif one.key in KEYS:
            flags[one.key] = _flag(one, problems)
        else:
            problems.unknown_word(one.place, "part of a policy", one.key, KEYS)
    return SitePolicy(
        conditions.get("select", ()),
        conditions.get("exclude", ()),
        off=flags.get("off", False),
        shadow=flags.get("shadow", False),
        accept_too_broad=flags.get("accept_too_broad", False),
        start_after=start_after,
    )


def _duration(entry: Entry, problems: Problems) -> timedelta | None:
    try:
        return duration(entry.value.text if isinstance(entry.value, Scalar) else "")
    except ValueError as error:
        problems.add(entry.value.place, "no duration", str(error))
        return None


def _flag(entry: Entry, problems: Problems) -> bool:
    if isinstance(entry.value, Scalar) and entry.value.text in {"true", "false"}:
        return entry.value.text == "true"
    problems.add(entry.value.place, "neither true nor false", "write `true` or `false`")
    return False

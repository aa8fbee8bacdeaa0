"""A judgement for people and for machines: the outcome, the reasons, the tree clause by clause."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from wetread_contract.judgement import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wetread_contract.judgement import Clause, Judgement

EXCLUDES = "exclude "
"""How the clauses of `exclude` begin."""
MOST_LEFT_OUT = 40
"""Left-out instances that the words list; the JSON lists all."""


def in_words(judgement: Judgement) -> str:
    """Return the explanation as lines of text, without any identifying value."""
    return "\n".join(_lines(judgement))


def _lines(judgement: Judgement) -> Iterator[str]:
    where = f" (series {judgement.series_instance_uid})" if judgement.series_instance_uid else ""
    yield f"{judgement.outcome}{where}: {len(judgement.selected)} selected, {len(judgement.left_out)} left out"
    yield from (f"  {reason}" for reason in judgement.reasons)
    changes = what_would_have_to_change(judgement)
    if changes:
        yield "what would have to change:"
        yield from (f"  {change}" for change in changes)
    if judgement.tree:
        yield "clauses:"
        yield from (f"  {line}" for clause in judgement.tree for line in clause_lines(clause))
    if judgement.selected:
        yield "selected:"
        for one in judgement.selected:
            yield f"  {one.reference.sop_instance_uid} {' '.join(one.facts.values())}".rstrip()
    if judgement.left_out:
        yield "left out:"
        for left in judgement.left_out[:MOST_LEFT_OUT]:
            yield f"  {left.reference.sop_instance_uid} {left.reason}"
        if len(judgement.left_out) > MOST_LEFT_OUT:
            yield f"  and {len(judgement.left_out) - MOST_LEFT_OUT} more"


def what_would_have_to_change(judgement: Judgement) -> tuple[str, ...]:
    """Return the clauses that stand in the way, each with what is there now; nothing for a match."""
    if judgement.outcome is Outcome.MATCHED:
        return ()
    return tuple(change for clause in judgement.tree if (change := _change(clause)))


def _change(clause: Clause) -> str:
    """Return what one clause asks of a study that does not have it: an exclusion, a selection or a requirement."""
    example = f" (now {clause.example})" if clause.example else ""
    if clause.text.startswith(EXCLUDES):
        return f"no `{clause.text.removeprefix(EXCLUDES)}`: true in {clause.true}" if clause.true else ""
    if clause.of == "instances" and clause.true == 0:
        return f"some instance with `{clause.text}`{example}"
    if clause.of != "instances" and clause.false + clause.unknown:
        return f"`{clause.text}`: {clause.false + clause.unknown} of its {clause.of} are missing"
    return ""


def clause_lines(clause: Clause) -> Iterator[str]:
    """Return a clause and what is inside it, indented."""
    yield in_counts(clause)
    for child in clause.children:
        yield from (f"  {line}" for line in clause_lines(child))


def in_counts(clause: Clause) -> str:
    """Return one clause: `SliceThickness at_most 3: false in 118 of 118 instances, e.g. 5`."""
    total = clause.true + clause.false + clause.unknown
    counts = {"true": clause.true, "false": clause.false, "unknown": clause.unknown}
    said = ", ".join(f"{name} in {count}" for name, count in counts.items() if count) or "nothing to ask"
    example = f", e.g. {clause.example}" if clause.example else ""
    return f"{clause.text}: {said} of {total} {clause.of}{example}" if total else f"{clause.text}: {said}"


def as_json(judgement: Judgement) -> dict[str, object]:
    """Return the explanation as plain values for a JSON document; the keys are those of `Judgement`."""
    return asdict(judgement)

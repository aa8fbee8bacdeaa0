"""A declaration's own examples: what its author says must match, and must not, checked against its rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wetread_contract.dictionary import UnknownAttributeError, attribute
from wetread_contract.headers import Headers
from wetread_contract.judgement import Truth
from wetread_contract.study import Study
from wetread_contract.yaml_source import Mapping, Node, Sequence

if TYPE_CHECKING:
    from wetread_contract.declared import Examples
    from wetread_contract.problems import Problems
    from wetread_contract.rules import Rules


def check_examples(rules: Rules, examples: Examples, root: Mapping, problems: Problems) -> None:
    """Collect every example that has an unknown keyword or disagrees with the rules."""
    for wanted, headers in ((True, examples.match), (False, examples.miss)):
        nodes = _nodes(root, "match" if wanted else "miss")
        for node, attributes in zip(nodes, headers, strict=True):
            before = len(problems.found)
            _check_keywords(node, problems)
            if len(problems.found) == before:
                _check_one(rules, Headers.from_keywords(attributes), wanted=wanted, node=node, problems=problems)


def _nodes(root: Mapping, kind: str) -> tuple[Node, ...]:
    examples = root.get("examples")
    listed = examples.get(kind) if isinstance(examples, Mapping) else None
    return listed.items if isinstance(listed, Sequence) else ()


def _check_keywords(node: Node, problems: Problems) -> None:
    """Collect every key, at any depth, that names no attribute."""
    if isinstance(node, Sequence):
        for item in node.items:
            _check_keywords(item, problems)
    elif isinstance(node, Mapping):
        for entry in node:
            try:
                attribute(entry.key)
            except UnknownAttributeError as error:
                problems.add(entry.place, str(error))
            _check_keywords(entry.value, problems)


def _check_one(rules: Rules, headers: Headers, *, wanted: bool, node: Node, problems: Problems) -> None:
    stopped_by = stops(rules, headers)
    if wanted and stopped_by is not None:
        problems.add(node.place, "this example must match and does not", stopped_by)
    elif not wanted and stopped_by is None:
        problems.add(node.place, "this example must miss and matches", "add the condition that tells it apart")


def stops(rules: Rules, headers: Headers) -> str | None:
    """Return what keeps an instance, alone in its study, from being selected; None where nothing does."""
    study = Study([headers])
    if not study.universe:
        return study.barred[0]
    for condition in rules.select:
        answer = condition.answer(study).of(0)
        if answer is not Truth.TRUE:
            return f"`{condition.text}` is {answer}"
    excluding = (one for one in rules.exclude if one.answer(study).of(0) is Truth.TRUE)
    return next((f"`exclude {one.text}` is true" for one in excluding), None)

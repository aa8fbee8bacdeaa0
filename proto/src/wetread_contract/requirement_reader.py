"""From a document to requirements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wetread_contract.condition_reader import QUANTIFIERS, ConditionReader
from wetread_contract.held import listed
from wetread_contract.operand_reader import Refused, operands
from wetread_contract.requirements import Choice, EachOf, Either, Quantified
from wetread_contract.yaml_source import Entry, Mapping, Node, Scalar, Sequence

if TYPE_CHECKING:
    from wetread_contract.derived.registry import DerivedAttribute
    from wetread_contract.dictionary import Attribute
    from wetread_contract.problems import Problems
    from wetread_contract.requirements import Requirement
    from wetread_contract.values import Value

KINDS = ("each_of", "either", *QUANTIFIERS)


class RequirementReader:
    """Reads `require`."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self._conditions = ConditionReader(problems)

    def requirements(self, node: Node) -> tuple[Requirement, ...]:
        """Return a list's requirements; those with problems are left out."""
        items = node.items if isinstance(node, Sequence) else (node,)
        found = (self._requirement(item) for item in items)
        return tuple(one for one in found if one)

    def _requirement(self, node: Node) -> Requirement | None:
        if not isinstance(node, Mapping):
            self.problems.add(node.place, "not a requirement", f"one of {', '.join(KINDS)}")
            return None
        kinds = [entry for entry in node if entry.key != "choose"]
        for entry in kinds:
            if entry.key not in KINDS:
                self.problems.unknown_word(entry.place, "a requirement", entry.key, KINDS)
                return None
        if len(kinds) != 1:
            self.problems.add(
                node.place, f"{len(kinds)} requirements in one item", "one per item: start each with `- `"
            )
            return None
        return self._of_kind(kinds[0], node)

    def _of_kind(self, entry: Entry, node: Mapping) -> Requirement | None:
        choose = node.get("choose")
        if entry.key == "each_of":
            return self._each_of(entry, choose)
        if choose:
            self.problems.add(choose.place, f"`choose` beside `{entry.key}`", "it belongs to `each_of`")
        if entry.key == "either":
            return self._either(entry)
        quantifier = self._conditions.quantifier(entry)
        return Quantified(quantifier, quantifier.text) if quantifier else None

    def _each_of(self, entry: Entry, choose: Node | None) -> EachOf | None:
        if not isinstance(entry.value, Mapping) or not entry.value.entries:
            self.problems.add(entry.place, "`each_of` is a mapping", "such as `each_of: {mg.view: [CC, MLO]}`")
            return None
        wanted = []
        for one in entry.value:
            subject = self._conditions.subject(one)
            if subject and subject.multiple:
                self.problems.add(one.place, f"{subject.name} can have several values", "`each_of` needs one value")
            elif subject:
                wanted.append((subject, self._values(subject, one.value)))
        words = ", ".join(f"{subject.name} [{listed(values)}]" for subject, values in wanted)
        return EachOf(tuple(wanted), self._choice(choose), f"each_of {words}")

    def _values(self, subject: Attribute | DerivedAttribute, node: Node) -> tuple[Value, ...]:
        try:
            return tuple(operands(subject, node, self.problems))
        except Refused as refused:
            refused.add_to(self.problems)
            return ()

    def _choice(self, node: Node | None) -> Choice:
        if node is None:
            return Choice.LATEST_ACQUISITION
        if isinstance(node, Scalar) and node.text in tuple(Choice):
            return Choice(node.text)
        word = node.text if isinstance(node, Scalar) else "this"
        self.problems.unknown_word(node.place, "a choice", word, tuple(Choice))
        return Choice.LATEST_ACQUISITION

    def _either(self, entry: Entry) -> Either | None:
        if not isinstance(entry.value, Sequence) or len(entry.value.items) < 2:  # noqa: PLR2004
            self.problems.add(entry.place, "`either` needs alternatives", "a list of two or more requirements")
            return None
        alternatives = tuple(self.requirements(item) for item in entry.value.items)
        words = " or ".join("; ".join(one.text for one in alternative) for alternative in alternatives)
        return Either(alternatives, f"either {words}")

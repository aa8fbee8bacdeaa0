"""From a document to operands: a text means what the attribute's VR makes of it, or is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wetread_contract.derived.registry import DerivedAttribute
from wetread_contract.problems import suggestion
from wetread_contract.values import EXAMPLES, Kind, parse
from wetread_contract.yaml_source import Node, Scalar, Sequence

if TYPE_CHECKING:
    from wetread_contract.dictionary import Attribute
    from wetread_contract.problems import Problems
    from wetread_contract.values import Value


class Refused(Exception):
    """Something in a condition is wrong; caught by the reader, which collects it and goes on."""

    def __init__(self, node: Node, found: str, advice: str) -> None:
        super().__init__(found)
        self.node, self.found, self.advice = node, found, advice

    def add_to(self, problems: Problems) -> None:
        """Collect it."""
        problems.add(self.node.place, self.found, self.advice)


def operand(subject: Attribute | DerivedAttribute, node: Node) -> Value:
    """Return one value.

    Raises:
        Refused: it is none that the attribute can have.
    """
    if not isinstance(node, Scalar) or not node.text.strip():
        raise Refused(node, "not a value", f"{subject.name} takes {EXAMPLES[subject.kind]}")
    if isinstance(subject, DerivedAttribute):
        return _derived(subject, node)
    value = parse(subject.vr, node.text)
    if value is None or _breaks_vr(subject.vr, value):
        wanted = "a UID such as 1.2.840.10008.5.1.4.1.1.2" if subject.vr == "UI" else EXAMPLES[subject.kind]
        raise Refused(node, f"`{node.text}` is not {subject.kind}", f"{subject.name} ({subject.vr}) takes {wanted}")
    return value


def _breaks_vr(vr: str, value: Value) -> bool:
    if vr == "CS":
        return not re.fullmatch(r"[A-Z0-9_ ]{1,16}", str(value))
    return vr == "UI" and not re.fullmatch(r"[0-9.]{1,64}", str(value))


def _derived(subject: DerivedAttribute, node: Scalar) -> Value:
    if subject.vocabulary and node.text not in subject.vocabulary:
        advice = suggestion(node.text, subject.vocabulary)
        raise Refused(node, f"`{node.text}` is nothing that {subject.name} can be", advice)
    value = parse({Kind.AGE: "AS", Kind.NUMBER: "DS"}.get(subject.kind, "LO"), node.text)
    if value is None:
        raise Refused(node, f"`{node.text}` is not {subject.kind}", EXAMPLES[subject.kind])
    return value


def operands(subject: Attribute | DerivedAttribute, node: Node, problems: Problems) -> list[Value]:
    """Return a list's values; all that are wrong are collected.

    Raises:
        Refused: not a list, or one with nothing right in it.
    """
    if not isinstance(node, Sequence) or not node.items:
        raise Refused(node, "not a list", "write `[one, another]`")
    found = []
    for item in node.items:
        try:
            found.append(operand(subject, item))
        except Refused as refused:
            refused.add_to(problems)
    return found

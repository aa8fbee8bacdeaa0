"""A YAML document as text with places: scalars stay what was written, and errors can name lines.

`NO` is not false here and `01` not a number: the attribute's VR says what a text means. Aliases,
tags and merges are refused, because a declaration is read by people before it is read by machines,
and because a short document must not become a large one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wetread_contract.problems import Problems

LARGEST_TEXT = 256 * 1024
"""Characters; a model.yaml has a few thousand."""

DEEPEST = 24
"""Levels of nesting."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written."""

    line: int = 1
    column: int = 1
    key: str = ""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text as written, without its quotes."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping with its value."""

    key: str
    place: Place
    """Of the key."""
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with values, in the order written; no key twice."""

    entries: tuple[Entry, ...]
    place: Place

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def get(self, key: str) -> Node | None:
        """Return a key's value."""
        return next((entry.value for entry in self.entries if entry.key == key), None)


Node = Scalar | Sequence | Mapping


def read(text: str, problems: Problems) -> Mapping:
    """Return the document's mapping.

    Raises:
        DeclarationError: there is none.
    """
    if len(text) > LARGEST_TEXT:
        problems.fatal(Place(), f"the text has {len(text)} characters", f"at most {LARGEST_TEXT}")
    try:
        _check_shape(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        place = _place(error.problem_mark, "")
        problems.fatal(place, f"not YAML: {error.problem}", "check indentation, colons and quotes")
    except yaml.YAMLError as error:
        problems.fatal(Place(), f"not YAML: {error}", "save the file as UTF-8 text")
    node = _node(root, "", problems) if root else None
    if not isinstance(node, Mapping):
        problems.fatal(Place(), "the document is no mapping", "write keys with values, such as `schema: 1`")
    return node


def _check_shape(text: str) -> None:
    """Refuse what would make the tree larger or deeper than the text."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refused("anchors and aliases are not allowed", event)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise _refused(f"nested deeper than {DEEPEST} levels", event)


def _refused(problem: str, event: yaml.Event) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]


def _place(mark: yaml.Mark | None, key: str) -> Place:
    return Place(mark.line + 1, mark.column + 1, key) if mark else Place(key=key)


def _node(node: yaml.Node, key: str, problems: Problems) -> Node:
    place = _place(node.start_mark, key)
    if isinstance(node, yaml.MappingNode):
        return Mapping(tuple(_entries(node, key, problems)), place)
    if isinstance(node, yaml.SequenceNode):
        return Sequence(tuple(_node(item, f"{key}[{n}]", problems) for n, item in enumerate(node.value)), place)
    return Scalar(str(node.value), place)


def _entries(node: yaml.MappingNode, key: str, problems: Problems) -> Iterator[Entry]:
    seen = set()
    for name, value in node.value:
        here = _place(name.start_mark, f"{key}.{name.value}" if key else str(name.value))
        if not isinstance(name, yaml.ScalarNode):
            problems.add(_place(name.start_mark, key), "a key that is no text", "write one word before the colon")
        elif name.value in seen:
            problems.add(here, f"`{name.value}` is there twice", "keep one of them")
        else:
            seen.add(name.value)
            yield Entry(name.value, here, _node(value, here.key, problems))


def plain(node: Node) -> object:
    """Return the node as lists, dictionaries and texts, without places."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {entry.key: plain(entry.value) for entry in node}


def place_of(root: Node, path: tuple[str | int, ...]) -> Place:
    """Return where a part of the document is, or where its nearest ancestor is."""
    node: Node = root
    place = root.place
    for step in path:
        if isinstance(node, Mapping):
            entry = next((one for one in node if one.key == step), None)
            if entry is None:
                break
            node, place = entry.value, entry.place
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            place = node.place
        else:
            break
    return place

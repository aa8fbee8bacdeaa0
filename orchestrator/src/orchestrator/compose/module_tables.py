"""The attributes of the Standard's modules (PS3.3 Annex A and C), from highdicom's machine-readable copy.

That copy is one JSON file of 22 MB; parsed as a whole it takes 80 MB for as long as the process
lives. We need a few of its 300 tables, so each is cut out of the file where it stands.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from mmap import ACCESS_READ, mmap

from highdicom._standard_utils import get_iod_module_map, get_sop_class_iod_map

MANDATORY = "M"


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """One line of a module's table, with what is nested in it."""

    keyword: str
    type: str
    """`1`, `1C`, `2`, `2C` or `3` (PS3.5 7.4)."""
    nested: tuple[AttributeRule, ...] = ()
    """Of the items, for a sequence."""


@cache
def module(key: str) -> tuple[AttributeRule, ...]:
    """The table of one module, by its key: `patient`, `general-study`."""
    return _rules(_lines(key), ())


@cache
def mandatory_modules(sop_class_uid: str) -> tuple[str, ...]:
    """Keys of the modules with usage M in the IOD of a SOP class."""
    iod = get_iod_module_map()[get_sop_class_iod_map()[sop_class_uid]]
    return tuple(entry["key"] for entry in iod if entry["usage"] == MANDATORY)


@cache
def modules_of(sop_class_uid: str) -> tuple[str, ...]:
    """Keys of all modules of a SOP class; none for one that is not known."""
    iod = get_sop_class_iod_map().get(sop_class_uid)
    return () if iod is None else tuple(entry["key"] for entry in get_iod_module_map()[iod])


def _lines(key: str) -> list[dict[str, object]]:
    """The lines of one module's table. Raises `KeyError` for a module that the file does not have."""
    source = files("highdicom") / "_standard" / "module_attribute_map.json"
    with as_file(source) as path, path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as text:
        start = text.find(f'\n  "{key}": ['.encode())
        end = text.find(b"\n  ]", start)
        if start < 0 or end < 0:
            raise KeyError(key)
        lines: list[dict[str, object]] = json.loads(text[text.find(b"[", start) : end + len(b"\n  ]")])
    return lines


def _rules(lines: list[dict[str, object]], path: tuple[str, ...]) -> tuple[AttributeRule, ...]:
    depth = len(path)
    deeper: dict[str, list[dict[str, object]]] = {}
    own = []
    for line in lines:
        places = list(line["path"])  # type: ignore[call-overload]
        if len(places) == depth:
            own.append(line)
        else:
            deeper.setdefault(places[depth], []).append(line)
    return tuple(
        AttributeRule(
            str(line["keyword"]),
            str(line["type"]),
            _rules(deeper.get(str(line["keyword"]), []), (*path, str(line["keyword"]))),
        )
        for line in own
    )

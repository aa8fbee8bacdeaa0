"""A model's declaration, `model.yaml`: who it is, what it wants, what it needs.

`parse` reads the text that a container serves. Whoever holds a `Declaration` may rely on it: names,
operators and operands are checked, the examples agree with the rules, the rules are not too broad.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, ValidationError

from wetread_contract import dictionary
from wetread_contract.condition_reader import ConditionReader
from wetread_contract.headers import Headers
from wetread_contract.judgement import Truth
from wetread_contract.problems import DeclarationError, Problem, Problems, suggestion
from wetread_contract.requirement_reader import RequirementReader
from wetread_contract.rules import Rules, too_broad
from wetread_contract.study import Study
from wetread_contract.yaml_source import Mapping, Node, Place, Sequence, place_of, plain, read

__all__ = ["Declaration", "DeclarationError", "Level", "Limits", "Problem", "Stage", "parse"]


class Stage(StrEnum):
    """How far a model has come."""

    DEMONSTRATION = "demonstration"
    """Shows that the chain works: never sent to a destination that is not marked as a test."""
    RESEARCH = "research"
    PRODUCT = "product"


class Level(StrEnum):
    """What one call is about."""

    STUDY = "study"
    SERIES = "series"


_UNITS = {"": 1, "B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def _bytes(written: object) -> object:
    """Read `2GiB` or `500 MB`; what is no size is left for pydantic to refuse."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([A-Za-z]*)", str(written))
    if not found or found[2] not in _UNITS:
        raise ValueError(f"`{written}` is no size; write digits and one of {', '.join(filter(None, _UNITS))}")
    return int(float(found[1]) * _UNITS[found[2]])


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Limits(_Part):
    """What one endpoint takes."""

    concurrency: Annotated[int, Field(ge=1, le=1024)] = 1
    """Calls at once per endpoint, enforced before any pixel flows. Default 1: one study at a time is always safe."""
    deadline_s: Annotated[float, Field(gt=0, le=86400)] = 120.0
    """Seconds that one call may take. Default 120: a study of four mammograms takes two on a CPU."""
    max_bytes: Annotated[int, BeforeValidator(_bytes), Field(ge=1)] = 2 << 30
    """Bytes of one call's instances; digits, or with a unit: `2GiB`. Default 2 GiB."""


class Resources(_Part):
    """What the container runs on."""

    gpu: Literal["none", "optional", "required"] = "none"
    """Whether an accelerator is used. Default none."""


class Regulatory(_Part):
    """What authorities say about the model."""

    status: str = ""
    """Such as `CE marked, class IIa`; empty: not a medical device."""
    number: str = ""
    """Certificate or clearance number."""
    udi: str = ""
    """Unique device identifier."""


class Examples(_Part):
    """Headers of instances for which the author knows the answer."""

    match: tuple[dict[str, Any], ...] = ()
    """Each must be selected and not excluded."""
    miss: tuple[dict[str, Any], ...] = ()
    """None must be selected."""


class Declaration(_Part):
    """Everything that a model says about itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, arbitrary_types_allowed=True)

    contract: Annotated[Literal[1], BeforeValidator(lambda text: 1 if str(text) == "1" else text)] = Field(
        alias="schema"
    )
    """Version of this language: 1."""
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    """Lower-case letters, digits and hyphens: it is part of host names, job keys and metrics."""
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]{1,40})?$")]
    """Such as 1.0.0 (semver.org): the highest one is active."""
    title: Annotated[str, Field(min_length=1, max_length=64)]
    """For people, on card and page; at most 64 characters (LO)."""
    stage: Stage
    """How far the model has come: demonstration, research or product."""
    intended_use: Annotated[str, Field(min_length=1)]
    """One or two sentences that a radiologist can judge."""
    level: Level = Level.STUDY
    """One call per study, or one per matching series. Default study."""
    limits: Limits = Limits()
    """What one endpoint takes."""
    resources: Resources = Resources()
    """What the container runs on."""
    needs: tuple[str, ...] = ()
    """Keywords of identifying attributes that the model must see; everything else is blanked. Default none."""
    manufacturer: str = ""
    """Who answers for the model."""
    regulatory: Regulatory = Regulatory()
    """What authorities say about it."""
    contraindications: tuple[str, ...] = ()
    """For whom it must not be used, in sentences."""
    validated_on: tuple[str, ...] = ()
    """On what it was validated, such as equipment: other equipment is marked on the result."""
    examples: Examples = Examples()
    """Headers for which the author knows the answer; a declaration that disagrees with them is refused."""
    rules: InstanceOf[Rules] = Field(default=Rules(), exclude=True, repr=False)
    """`select`, `exclude` and `require`, read and checked."""
    sha256: str = Field(default="", exclude=True)
    """Of the exact text, 64 hexadecimal digits."""

    @property
    def select(self) -> tuple[Any, ...]:
        """Conditions that must all be true for an instance to be sent."""
        return self.rules.select

    @property
    def exclude(self) -> tuple[Any, ...]:
        """Conditions of which none may be true."""
        return self.rules.exclude

    @property
    def require(self) -> tuple[Any, ...]:
        """What the selection must amount to."""
        return self.rules.require


RULES = ("select", "exclude", "require")
_INTERNAL = frozenset({"contract", "rules", "sha256"})
KEYS = tuple(sorted({"schema", *RULES, *Declaration.model_fields} - _INTERNAL))
"""Every key of a model.yaml."""


def parse(text: str, *, file: str = "model.yaml", accept_too_broad: bool = False) -> Declaration:
    """Return the declaration that a text holds.

    `accept_too_broad` is the site's decision, by the model's name, to take a rule that selects
    nearly everything.

    Raises:
        DeclarationError: with every problem, where it is and what would be right.
    """
    problems = Problems(file)
    root = read(text, problems)
    problems.raise_if_any()
    if root is None:
        raise DeclarationError(())
    rules = _rules(root, problems)
    declaration = _declaration(root, rules, text, problems)
    if declaration:
        _check_needs(declaration, root, problems)
    if not problems.found and declaration:
        _check_examples(declaration, root, problems)
        _check_breadth(rules, root, problems, accept_too_broad=accept_too_broad)
    problems.raise_if_any()
    if declaration is None:
        raise DeclarationError(())
    return declaration


def _rules(root: Mapping, problems: Problems) -> Rules:
    conditions, requirements = ConditionReader(problems), RequirementReader(problems)
    select, exclude, require = (root.get(key) for key in RULES)
    if select is None:
        problems.add(root.place, "`select` is missing", "say which instances the model wants")
    return Rules(
        conditions.conditions(select) if select else (),
        conditions.conditions(exclude) if exclude else (),
        requirements.requirements(require) if require else (),
    )


def _declaration(root: Mapping, rules: Rules, text: str, problems: Problems) -> Declaration | None:
    written: dict[str, object] = {}
    for entry in root:
        if entry.key not in KEYS:
            problems.unknown_word(entry.place, "a key of a declaration", entry.key, KEYS)
        elif entry.key not in RULES:
            written[entry.key] = _content(entry.value)
    digest = hashlib.sha256(text.encode()).hexdigest()
    try:
        return Declaration(**written, rules=rules, sha256=digest)
    except ValidationError as error:
        for one in error.errors():
            _add_pydantic(one, root, problems)
        return None


_LISTS = frozenset({"needs", "contraindications", "validated_on"})


def _content(node: Node) -> object:
    """Return a value for pydantic; `needs:` with nothing behind it is the empty list."""
    content = plain(node)
    parent = node.place.key
    if parent in _LISTS and not isinstance(node, Sequence):
        return [content] if content else []
    return content


_PARTS: dict[str, type[BaseModel]] = {
    "limits": Limits,
    "resources": Resources,
    "regulatory": Regulatory,
    "examples": Examples,
}

_ADVICE = {
    "name": "lower-case letters, digits and hyphens, starting with a letter, such as `brdensity`",
    "version": "three numbers such as `1.0.0`",
    "schema": "this orchestrator reads schema 1",
}


def _add_pydantic(error: Any, root: Mapping, problems: Problems) -> None:  # noqa: ANN401 - pydantic's TypedDict
    """Translate one of pydantic's errors to a place and words of ours."""
    path = error["loc"]
    place = place_of(root, path)
    name = ".".join(str(step) for step in path)
    if error["type"] == "missing":
        problems.add(Place(place.line, place.column, name), f"`{name}` is missing", _ADVICE.get(name, ""))
    elif error["type"] == "extra_forbidden":
        known = _PARTS[path[0]].model_fields if path[0] in _PARTS else KEYS
        problems.add(place, f"`{path[-1]}` is not known here", suggestion(str(path[-1]), known))
    else:
        problems.add(place, f"`{error['input']}`: {error['msg']}", _ADVICE.get(name, ""))


def _check_needs(declaration: Declaration, root: Mapping, problems: Problems) -> None:
    for number, keyword in enumerate(declaration.needs):
        if dictionary.tag(keyword) is None:
            meant = dictionary.near(keyword)
            advice = f"did you mean `{meant}`?" if meant else ""
            problems.add(place_of(root, ("needs", number)), f"`{keyword}` is not a DICOM keyword", advice)


def _check_examples(declaration: Declaration, root: Mapping, problems: Problems) -> None:
    """Ask the rules about each example; a study of one instance decides."""
    for kind, examples, wanted in (
        ("match", declaration.examples.match, True),
        ("miss", declaration.examples.miss, False),
    ):
        for number, attributes in enumerate(examples):
            place = place_of(root, ("examples", kind, number))
            for keyword in attributes:
                if dictionary.tag(keyword) is None:
                    meant = dictionary.near(keyword)
                    problems.add(
                        place, f"`{keyword}` is not a DICOM keyword", f"did you mean `{meant}`?" if meant else ""
                    )
            stopped_by = selected_by(declaration.rules, Headers.from_keywords(attributes))
            if wanted and stopped_by is not None:
                problems.add(place, "this example must match and does not", f"it fails: {stopped_by}")
            elif not wanted and stopped_by is None:
                problems.add(place, "this example must miss and matches", "add the condition that tells it apart")


def selected_by(rules: Rules, headers: Headers) -> str | None:
    """Return None for an instance that rules select when it is alone in its study, else the condition that stops it."""
    study = Study([headers])
    if not study.universe:
        return study.barred[0]
    for condition in rules.select:
        answer = condition.answer(study).of(0)
        if answer is not Truth.TRUE:
            return f"{condition.text} is {answer}"
    for condition in rules.exclude:
        if condition.answer(study).of(0) is Truth.TRUE:
            return f"exclude {condition.text}"
    return None


def _check_breadth(rules: Rules, root: Mapping, problems: Problems, *, accept_too_broad: bool) -> None:
    why = too_broad(rules)
    if why and not accept_too_broad:
        advice = "add a condition, or let the site accept this model by name"
        problems.add(place_of(root, ("select",)), f"too broad: {why}", advice)

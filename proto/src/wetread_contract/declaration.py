"""A model's declaration, `model.yaml`: who it is, what it wants, what it needs.

`parse` reads the text that a container serves. Whoever holds a `Declaration` may rely on it: names,
operators and operands are checked, the examples agree with the rules, the rules are not too broad.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, ValidationError
from pydantic.json_schema import SkipJsonSchema  # noqa: TC002 - pydantic reads annotations

from wetread_contract.condition_reader import ConditionReader
from wetread_contract.declared import Examples, Level, Limits, Part, Regulatory, Resources, Stage
from wetread_contract.dictionary import UnknownAttributeError, attribute
from wetread_contract.examples import check_examples
from wetread_contract.problems import DeclarationError, Problem, Problems, suggestion
from wetread_contract.requirement_reader import RequirementReader
from wetread_contract.rules import Rules, too_broad
from wetread_contract.yaml_source import Mapping, Node, Place, Sequence, place_of, plain, read

__all__ = ["Declaration", "DeclarationError", "Level", "Limits", "Problem", "Stage", "parse"]


class Declaration(Part):
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
    rules: SkipJsonSchema[InstanceOf[Rules]] = Field(default=Rules(), exclude=True, repr=False)
    """`select`, `exclude` and `require`, read and checked."""
    sha256: SkipJsonSchema[str] = Field(default="", exclude=True)
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
    rules = _rules(root, problems)
    declaration = _declaration(root, rules, text, problems)
    if declaration:
        _check_needs(declaration, root, problems)
    if not problems.found and declaration:
        check_examples(rules, declaration.examples, root, problems)
        _check_breadth(rules, root, problems, accept_too_broad=accept_too_broad)
    if declaration is None or problems.found:
        raise problems.error()
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


LISTS = frozenset({"needs", "contraindications", "validated_on"})
"""Keys behind which one text, or nothing, may stand for a list."""


def _content(node: Node) -> object:
    """Return a value for pydantic; `needs:` with nothing behind it is the empty list."""
    content = plain(node)
    parent = node.place.key
    if parent in LISTS and not isinstance(node, Sequence):
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
        try:
            attribute(keyword)
        except UnknownAttributeError as error:
            problems.add(place_of(root, ("needs", number)), str(error))


def _check_breadth(rules: Rules, root: Mapping, problems: Problems, *, accept_too_broad: bool) -> None:
    why = too_broad(rules)
    if why and not accept_too_broad:
        advice = "add a condition, or let the site accept this model by name"
        problems.add(place_of(root, ("select",)), f"too broad: {why}", advice)

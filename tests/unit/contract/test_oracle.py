"""The evaluator against a slow one: instance by instance, with None for unknown, on random rules and headers."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings
from tests.declarations import declared, headers

from wetread_contract.judge import judge
from wetread_contract.judgement import Truth
from wetread_contract.study import Study

Answer = bool | None
Instance = dict[str, Any]

LETTERS = ("A", "B", "C")
ONE = "BodyPartExamined"
NUMBER = "SliceThickness"
MANY = "ImageType"

letters = st.sampled_from(LETTERS)
several = st.lists(letters, min_size=1, max_size=3)
numbers = st.integers(1, 4)

instances = st.fixed_dictionaries(
    {"series": st.integers(1, 2)},
    optional={
        ONE: st.sampled_from([*LETTERS, ""]),
        NUMBER: st.sampled_from(["1", "2", "3", "4", "", "broken"]),
        MANY: st.lists(letters, max_size=3),
    },
)
studies = st.lists(instances, min_size=1, max_size=6)


def _leaf(name: str, operators: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    absent = st.one_of(st.just({}), st.booleans().map(lambda answer: {"when_absent": answer}))
    return st.tuples(operators, absent).map(lambda parts: {name: parts[0] | parts[1]})


def _operator(name: str, operand: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return operand.map(lambda value: {name: value})


def _negatable(operators: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(operators, _operator("not", operators))


existence = st.one_of(*(_operator(name, st.booleans()) for name in ("present", "absent", "empty")))
leaves = st.one_of(
    _leaf(ONE, _negatable(st.one_of(_operator("one_of", several), existence))),
    _leaf(
        NUMBER,
        _negatable(
            st.one_of(
                _operator("at_least", numbers),
                _operator("at_most", numbers),
                _operator("between", st.tuples(numbers, numbers).map(sorted)),
                existence,
            )
        ),
    ),
    _leaf(
        MANY,
        _negatable(
            st.one_of(
                _operator("contains", letters),
                *(_operator(name, several) for name in ("any_of", "all_of", "other_than")),
                existence,
            )
        ),
    ),
)


def _blocks(conditions: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    groups = st.lists(conditions, min_size=1, max_size=3)
    counts = st.tuples(conditions, st.integers(0, 3), st.integers(0, 3)).map(
        lambda parts: {"count": {"where": parts[0], "at_least": parts[1], "at_most": parts[1] + parts[2]}}
    )
    members = st.tuples(st.sampled_from(["any", "all", "none"]), conditions).map(lambda parts: {parts[0]: parts[1]})
    consistent = st.lists(st.sampled_from([ONE, NUMBER, MANY]), min_size=1, max_size=2, unique=True).map(
        lambda names: {"consistent": names}
    )
    quantifiers = st.one_of(members, counts, consistent)
    return st.one_of(
        st.tuples(st.sampled_from(["all", "any", "none"]), groups).map(lambda parts: {parts[0]: parts[1]}),
        st.tuples(st.sampled_from(["series", "study"]), quantifiers).map(lambda parts: {parts[0]: parts[1]}),
    )


conditions = st.recursive(leaves, _blocks, max_leaves=6)


def opposite(answer: Answer) -> Answer:
    return None if answer is None else not answer


def some(answers: list[Answer]) -> Answer:
    if True in answers:
        return True
    return None if None in answers else False


def every(answers: list[Answer]) -> Answer:
    return opposite(some([opposite(answer) for answer in answers]))


def values(instance: Instance, name: str) -> list[Any] | None:
    """Return what an instance has; None where the attribute is absent."""
    if name not in instance:
        return None
    found = instance[name] if isinstance(instance[name], list) else [instance[name]]
    return [float(one) if name == NUMBER and one.isdigit() else one for one in found if one]


def one_operator(instance: Instance, name: str, operator: str, operand: Any) -> Answer:  # noqa: ANN401
    found = values(instance, name)
    if operator in {"present", "absent", "empty"}:
        truth = {"present": found is not None, "absent": found is None, "empty": found == []}[operator]
        return truth is operand
    if operator == "not":
        return opposite(every([one_operator(instance, name, *pair) for pair in operand.items()]))
    if found is None:
        return None
    if name == MANY:
        return {
            "contains": lambda: operand in found,
            "any_of": lambda: bool(set(operand) & set(found)),
            "all_of": lambda: set(operand) <= set(found),
            "other_than": lambda: bool(set(found) - set(operand)),
        }[operator]()
    if found in ([], ["broken"]):
        return None
    (value,) = found
    return {
        "one_of": lambda: value in operand,
        "at_least": lambda: value >= operand,
        "at_most": lambda: value <= operand,
        "between": lambda: operand[0] <= value <= operand[1],
    }[operator]()


def quantified(study: list[Instance], group: list[Instance], quantifier: str, operand: Any) -> Answer:  # noqa: ANN401
    if quantifier == "consistent":
        return every([consistent(group, name) for name in operand])
    inner = operand["where"] if quantifier == "count" else operand
    answers = [every([holds(study, one, *pair) for pair in inner.items()]) for one in group]
    if quantifier == "count":
        possible = range(answers.count(True), answers.count(True) + answers.count(None) + 1)
        within = {operand["at_least"] <= count <= operand["at_most"] for count in possible}
        low = {operand["at_least"] <= count for count in possible}
        high = {count <= operand["at_most"] for count in possible}
        if within == {True}:
            return True
        return False if low == {False} or high == {False} else None
    return {"any": some, "all": every, "none": lambda found: opposite(some(found))}[quantifier](answers)


def consistent(group: list[Instance], name: str) -> Answer:
    found = [values(one, name) for one in group]
    known = [json.dumps(one) for one in found if one is not None and "broken" not in one]
    if len(set(known)) > 1:
        return False
    return True if len(known) == len(found) else None


def holds(study: list[Instance], instance: Instance, name: str, operand: Any) -> Answer:  # noqa: ANN401
    if name in {"all", "any", "none"}:
        parts = [every([holds(study, instance, *pair) for pair in group.items()]) for group in operand]
        return {"all": every, "any": some, "none": lambda found: opposite(some(found))}[name](parts)
    if name in {"series", "study"}:
        group = [one for one in study if name == "study" or one["series"] == instance["series"]]
        return every([quantified(study, group, *pair) for pair in operand.items()])
    asked = {operator: value for operator, value in operand.items() if operator != "when_absent"}
    answer = every([one_operator(instance, name, *pair) for pair in asked.items()])
    without_value = not values(instance, name)
    return operand["when_absent"] if answer is None and without_value and "when_absent" in operand else answer


def as_headers(study: list[Instance]) -> list[Any]:
    return [
        headers(number, one["series"], **{name: value for name, value in one.items() if name != "series"})
        for number, one in enumerate(study)
    ]


TRUTHS = {True: Truth.TRUE, False: Truth.FALSE, None: Truth.UNKNOWN}


@settings(max_examples=200, deadline=None)
@given(study=studies, rule=conditions)
def test_every_condition_is_answered_as_by_the_slow_one(study: list[Instance], rule: dict[str, Any]) -> None:
    (condition,) = declared(json.dumps(rule)).select
    columns = Study(as_headers(study))
    answers = condition.answer(columns)
    for index, one in enumerate(columns.instances):
        number = int(one.value("InstanceNumber") or 0)
        assert answers.of(index) is TRUTHS[every([holds(study, study[number], *pair) for pair in rule.items()])]


@settings(max_examples=200, deadline=None)
@given(study=studies, select=conditions, exclude=conditions)
def test_what_is_selected_is_true_and_not_excluded(
    study: list[Instance], select: dict[str, Any], exclude: dict[str, Any]
) -> None:
    declaration = declared(json.dumps(select), f"exclude: {json.dumps(exclude)}")
    (judgement,) = judge(declaration, as_headers(study))
    expected = {
        number
        for number, one in enumerate(study)
        if every([holds(study, one, *pair) for pair in select.items()]) is True
        and every([holds(study, one, *pair) for pair in exclude.items()]) is not True
    }
    assert {int(one.reference.sop_instance_uid[7:]) for one in judgement.selected} == expected
    if judgement.left_out or judgement.selected:
        assert len(judgement.selected) + len(judgement.left_out) == len(study)


@settings(max_examples=60, deadline=None)
@given(study=studies, rules=st.lists(conditions, min_size=2, max_size=4), seed=st.randoms(use_true_random=False))
def test_the_order_of_clauses_never_changes_an_answer(
    study: list[Instance],
    rules: list[dict[str, Any]],
    seed: Any,  # noqa: ANN401
) -> None:
    shuffled = seed.sample(rules, len(rules))
    for block in ("all", "any", "none"):
        (one,) = declared(json.dumps({block: rules})).select
        (other,) = declared(json.dumps({block: shuffled})).select
        columns = Study(as_headers(study))
        assert one.answer(columns) == other.answer(columns)


@settings(max_examples=60, deadline=None)
@given(study=studies, rule=conditions)
def test_the_negation_of_unknown_is_unknown(study: list[Instance], rule: dict[str, Any]) -> None:
    (one,) = declared(json.dumps(rule)).select
    (none,) = declared(json.dumps({"none": rule})).select
    columns = Study(as_headers(study))
    assert none.answer(columns) == ~one.answer(columns)


@settings(max_examples=60, deadline=None)
@given(study=studies, more=instances, rule=leaves)
def test_adding_an_instance_never_turns_an_any_off(study: list[Instance], more: Instance, rule: dict[str, Any]) -> None:
    (condition,) = declared(json.dumps({"study": {"any": rule}})).select
    before = Study(as_headers(study))
    after = Study(as_headers([*study, more]))
    if condition.answer(before).true:
        assert condition.answer(after).true == after.universe

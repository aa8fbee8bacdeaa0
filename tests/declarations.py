"""Declarations for tests: a small right one, with parts replaced."""

from __future__ import annotations

from wetread_contract.declaration import Declaration, parse
from wetread_contract.headers import Headers
from wetread_contract.judge import judge
from wetread_contract.judgement import Judgement, Outcome, Truth
from wetread_contract.study import Study

HEAD = """\
schema: 1
name: chest
version: 1.0.0
title: Chest
stage: research
intended_use: Looks at chests.
"""


def text(select: str = "{Modality: CT, BodyPartExamined: CHEST}", more: str = "") -> str:
    return f"{HEAD}select: {select}\n{more}"


def declared(select: str = "{Modality: CT, BodyPartExamined: CHEST}", more: str = "") -> Declaration:
    return parse(text(select, more), accept_too_broad=True)


def headers(number: int = 1, series: int = 1, **attributes: object) -> Headers:
    identity = {
        "StudyInstanceUID": "2.25.1",
        "SeriesInstanceUID": f"2.25.2{series}",
        "SOPInstanceUID": f"2.25.3{series}{number}",
        "InstanceNumber": number,
        "SeriesNumber": series,
    }
    return Headers.from_keywords(identity | attributes)


def truth(select: str, **attributes: object) -> Truth:
    """Return what the one condition in `select` says about an instance."""
    (condition,) = declared(select).select
    answer: Truth = condition.answer(Study([headers(**attributes)])).of(0)
    return answer


def judged(declaration: Declaration, *instances: Headers) -> Judgement:
    (judgement,) = judge(declaration, instances)
    return judgement


def matched(declaration: Declaration, *instances: Headers) -> bool:
    return judged(declaration, *instances).outcome is Outcome.MATCHED

"""One study against several models, narrowed by the site."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.handoffs import Digest, ModelIdentity, RegisteredModel
from orchestrator.match import policy
from orchestrator.match.explanation import as_json, in_words
from orchestrator.match.matcher import match
from wetread_contract.declaration import parse
from wetread_contract.headers import Headers
from wetread_contract.judgement import Outcome
from wetread_contract.problems import DeclarationError

ROOT = Path(__file__).parents[3]
BRDENSITY = (ROOT / "services/brdensity/model.yaml").read_text()
STUDY = [
    Headers.from_keywords(
        {
            "Modality": "MG",
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.2",
            "PresentationIntentType": "FOR PRESENTATION",
            "Manufacturer": "ACME",
            "ImageLaterality": side,
            "ViewPosition": view,
            "StudyInstanceUID": "2.25.1",
            "SeriesInstanceUID": "2.25.2",
            "SOPInstanceUID": f"2.25.3{number}",
            "InstanceNumber": number,
        }
    )
    for number, (side, view) in enumerate([("L", "CC"), ("L", "MLO"), ("R", "CC"), ("R", "MLO")])
]

KNOWN_SINCE = datetime(2026, 11, 24, tzinfo=UTC)


def registered(text: str) -> RegisteredModel:
    declaration = parse(text)
    digest = Digest("0" * 64)
    return RegisteredModel(
        ModelIdentity(declaration.name, declaration.version, digest, digest), declaration, KNOWN_SINCE
    )


CHEST = """
schema: 1
name: nodules
version: 1.0.0
title: Nodules
stage: research
intended_use: Finds nodules.
level: series
select: {Modality: CT, SliceThickness: {at_most: 3}}
"""


def test_a_study_of_four_views_is_matched_and_another_modality_is_missed_in_one_line() -> None:
    density, chest = match([registered(BRDENSITY), registered(CHEST)], STUDY)
    assert density.judgement.outcome is Outcome.MATCHED
    assert len(density.judgement.selected) == 4
    assert chest.judgement.outcome is Outcome.MISSED
    assert chest.judgement.reasons == ("no instance has Modality CT",)
    assert chest.judgement.tree == ()


def test_a_site_may_narrow_a_model() -> None:
    site = "models:\n  policy:\n    brdensity:\n      select: {Manufacturer: {not: ACME}}\n"
    (narrowed,) = match([registered(BRDENSITY)], STUDY, policies=policy.parse(site))
    assert narrowed.judgement.outcome is Outcome.MISSED
    assert narrowed.judgement.reasons == ("Manufacturer is ACME, asked for: not (is ACME) (4 of 4 instances)",)


def test_a_model_that_is_off_gets_nothing_and_says_why() -> None:
    policies = policy.parse("models: {policy: {brdensity: {off: true}}}")
    (off,) = match([registered(BRDENSITY)], STUDY, policies=policies)
    assert off.judgement.reasons == ("the model is switched off at this site",)


def test_a_wrong_policy_is_refused_with_its_line() -> None:
    with pytest.raises(DeclarationError) as refused:
        policy.parse("models:\n  policy:\n    brdensity:\n      shadwo: true\n")
    (problem,) = refused.value.problems
    assert (problem.line, problem.key) == (4, "models.policy.brdensity.shadwo")
    assert "did you mean `shadow`?" in problem.advice


def test_an_explanation_says_clause_by_clause_what_was_found() -> None:
    (density,) = match([registered(BRDENSITY)], STUDY[:3])
    words = in_words(density.judgement)
    assert words.startswith("INCOMPLETE: 3 selected, 0 left out\n  missing: R MLO")
    assert "PresentationIntentType is FOR PRESENTATION: true in 3 of 3 instances" in words
    assert "true in 3, false in 1 of 4 combinations" in words
    assert json.loads(json.dumps(as_json(density.judgement)))["outcome"] == "INCOMPLETE"

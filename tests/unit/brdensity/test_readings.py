from __future__ import annotations

from pathlib import Path

import pytest
from tests.dicom_factories import as_file, four_view_study, mammogram

from brdensity.grading import grade_study
from brdensity.phantoms import Laterality, Position
from brdensity.readings import Reading, findings
from brdensity.views import standard_views
from wetread_contract.judgement import InstanceReference
from wetread_sdk import Classification, Instance, Quality, ScopeLevel, Study, Text, UnsuitableStudy, Verdict
from wetread_sdk.answers import checked
from wetread_sdk.reception import ReceivedInstance
from wetread_sdk.spool import Spool

B, C, D = ((0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0))
NOTICE = ("demonstration weights, not for clinical use",)
VIEWS = {(side, position): B for side in Laterality for position in Position}


def study_of(*datasets: object) -> Study:
    spool, instances = Spool(Path(), 10**9), []
    for dataset in datasets:
        content = as_file(dataset)  # type: ignore[arg-type]
        uids = (dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPClassUID, dataset.SOPInstanceUID)  # type: ignore[attr-defined]
        received = ReceivedInstance(InstanceReference(*uids), spool.size_bytes, len(content), len(content))
        spool.append(content)
        instances.append(Instance(received, spool))
    return Study(instances)


def reading(**changed: object) -> Reading:
    by_view = VIEWS | {(Laterality(key[0]), Position(key[2:])): scores for key, scores in changed.items()}
    grading = grade_study({side: [s for view, s in by_view.items() if view[0] == side] for side in "LR"})  # type: ignore[misc]
    return Reading(grading.study, grading.denser, grading.breasts, by_view)  # type: ignore[arg-type]


def test_the_four_views_are_found_whatever_their_order() -> None:
    datasets = four_view_study()
    found = standard_views(study_of(*datasets[::-1]))

    assert [" ".join(view) for view in found] == ["R CC", "L CC", "R MLO", "L MLO"]
    assert [each.reference.sop_instance_uid for each in found.values()] == [each.SOPInstanceUID for each in datasets]


def test_a_missing_view_and_a_repeated_one_are_unsuitable_and_named() -> None:
    with pytest.raises(UnsuitableStudy) as missing:
        standard_views(study_of(*four_view_study()[:3]))
    with pytest.raises(UnsuitableStudy) as twice:
        standard_views(study_of(*four_view_study(), mammogram("R", "CC", number=9)))

    assert (missing.value.code, missing.value.reason) == ("view_missing", "missing: L MLO")
    assert twice.value.code == "view_twice"
    assert "R CC" in twice.value.reason


def test_an_instance_without_a_view_is_unsuitable() -> None:
    nameless = mammogram("R", "CC", missing=("ViewPosition", "ViewCodeSequence"))

    with pytest.raises(UnsuitableStudy) as unknown:
        standard_views(study_of(nameless))

    assert unknown.value.code == "view_unknown"


def test_study_breasts_and_views_are_graded_each_in_its_scope() -> None:
    study = study_of(*four_view_study())
    answer = findings(reading(R_CC=C, R_MLO=C), standard_views(study), NOTICE)

    graded = [each for each in answer.findings if isinstance(each, Classification)]
    by_scope = [(each.scope.level, each.scope.laterality, each.chosen.label) for each in graded]
    assert by_scope[:3] == [
        (ScopeLevel.STUDY, "", "C"),
        (ScopeLevel.LATERALITY, "L", "B"),
        (ScopeLevel.LATERALITY, "R", "C"),
    ]
    assert [level for level, _, _ in by_scope[3:]] == [ScopeLevel.INSTANCE] * 4
    assert not any(each.calibrated for each in graded)
    assert answer.notices == NOTICE
    assert checked(answer, study) is answer


def test_the_denser_breast_is_said_in_words() -> None:
    answer = findings(reading(R_CC=C, R_MLO=C), standard_views(study_of(*four_view_study())), NOTICE)

    (text,) = (each.text for each in answer.findings if isinstance(each, Text))
    assert text == "Density grade C: that of the denser breast (right). By breast: left B, right C."


def test_views_of_one_breast_that_disagree_by_two_grades_limit_the_result() -> None:
    instances = standard_views(study_of(*four_view_study()))
    limited = findings(reading(L_CC=B, L_MLO=D), instances, NOTICE)
    close = findings(reading(L_CC=B, L_MLO=C), instances, NOTICE)

    (quality,) = (each for each in limited.findings if isinstance(each, Quality))
    assert (quality.verdict, quality.scope.laterality) == (Verdict.LIMITED, "L")
    assert "MLO D" in quality.reason
    assert not any(isinstance(each, Quality) for each in close.findings)


def test_a_network_that_sees_all_views_at_once_grades_the_study_only() -> None:
    answer = findings(Reading(B), standard_views(study_of(*four_view_study())), ())

    assert [type(each) for each in answer.findings] == [Classification, Text]

"""Which form an object is wanted in at a destination, and when it is left as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.deliver import forms
from orchestrator.handoffs import AS_IN_ORTHANC, DeliveryKey, Digest, Form, JobKey, OrthancId
from orchestrator.jobs.shipments import Shipment
from orchestrator.settings.delivery import DestinationSettings

COMPREHENSIVE_3D_SR, ENHANCED_SR = "1.2.840.10008.5.1.4.1.1.88.34", "1.2.840.10008.5.1.4.1.1.88.22"
KEY = DeliveryKey(JobKey("a" * 64), "PACS")
CARD = Shipment(KEY, "card", "1.7", "2.25.1", "2.25.2", "2.25.3", OrthancId("o"), Digest("s"))
HUNG = DestinationSettings(
    card_modality="MG",
    card_photometric_interpretation="MONOCHROME2",
    series_number=500,
    grade_in_series_description=True,
    sr_class="enhanced",
)


def of_kind(kind: str) -> Shipment:
    return replace(CARD, kind=kind, sop_class_uid=COMPREHENSIVE_3D_SR if kind == "sr" else CARD.sop_class_uid)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("card", Form("", "MG", "MONOCHROME2", 500, shows_grade=True, summary="C")),
        ("sr", Form(ENHANCED_SR, series_number=501, shows_grade=True, summary="C")),
        ("seg", Form(series_number=502, shows_grade=True, summary="C")),
        ("cad", Form(series_number=503, shows_grade=True, summary="C")),
        ("note", AS_IN_ORTHANC),
    ],
)
def test_each_kind_of_object_gets_what_concerns_it(kind: str, wanted: Form) -> None:
    assert forms.wanted(HUNG, of_kind(kind), "C") == wanted


@pytest.mark.parametrize("kind", ["card", "sr", "seg", "cad", "note"])
def test_a_destination_that_says_nothing_gets_what_orthanc_holds(kind: str) -> None:
    assert forms.wanted(DestinationSettings(), of_kind(kind), "C") == AS_IN_ORTHANC


def test_what_was_accepted_once_is_not_sent_again_under_another_uid() -> None:
    assert forms.wanted(HUNG, replace(CARD, transfers=1), "C") == AS_IN_ORTHANC

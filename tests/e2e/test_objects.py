"""What a result has beside card and report goes the whole way: made, delivered, replaced, withdrawn."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import highdicom as hd
import pytest
from bench.model import answer
from demo.processes import free_port
from pydicom import dcmread
from tests.composition_factories import LESION, mask
from tests.dicom_factories import four_view_study, mammogram
from tests.e2e.chain import model_settings, unique
from tests.e2e.conftest import started
from tests.e2e.test_deliveries import introduce, notes_at, rows, to
from tests.fakes.models import Answering

from wetread_contract.findings import Findings, Segmentation

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom import Dataset
    from tests.delivery_chain import Pacs
    from tests.e2e.chain import Chain

    from wetread_sdk import Study

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
COMPREHENSIVE_3D_SR = "1.2.840.10008.5.1.4.1.1.88.34"
MAMMOGRAPHY_CAD_SR = "1.2.840.10008.5.1.4.1.1.88.50"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"


def drawing() -> Answering:
    """Grades, and marks the same square in every view."""

    def said(study: Study) -> Findings:
        planes = tuple(mask(one.dataset) for one in study.instances)
        return replace(answer(), findings=(*answer().findings, Segmentation(*LESION, "mass", planes)))

    return Answering(said)


def ours(chain: Chain, study: str, sop_class_uid: str) -> dict[str, Dataset]:
    """Our objects of a class in a study, by SOP instance UID."""
    found = [one.dataset for one in chain.orthanc.archive.results(study)]
    return {str(one.SOPInstanceUID): one for one in found if sop_class_uid == one.SOPClassUID}


def test_masks_are_stored_delivered_replaced_and_withdrawn_as_segmentations_of_their_views(
    tmp_path: Path, pacs: Pacs
) -> None:
    site = to("PACS", test=True, honours_rejection_notes=True, objects=["card", "sr", "seg"], series_number=500)
    with started(tmp_path, drawing(), model_settings(tmp_path, free_port()), **site) as chain:
        introduce(chain, pacs)
        name = unique()
        views = four_view_study(study=name)
        study = chain.send(views)
        chain.events.wait_for("result_delivered", purpose="result")

        first = ours(chain, study, SEGMENTATION)
        assert len(first) == len(views)
        ((_, objects),) = rows(chain)
        sent = [one.sop_instance_uid for one in objects if one.kind == "seg"]
        there = [dcmread(BytesIO(pacs.file(uid))) for uid in sent]
        assert {one.SeriesNumber for one in first.values()} == {9002}
        assert {one.SeriesNumber for one in there} == {502}
        read = [hd.seg.Segmentation.from_dataset(one) for one in there]
        named = [[str(uids[2]) for uids in one.get_source_image_uids()] for one in read]
        assert sorted(named) == sorted([str(view.SOPInstanceUID)] for view in views)
        assert all(0 < one.pixel_array.mean() < 1 for one in there)

        chain.send([mammogram("R", "CC", study=name, number=9, ContentTime="093000", AcquisitionTime="093000")])
        replaced = chain.events.wait_for("result_replaced")
        second = ours(chain, study, SEGMENTATION)
        assert len(second) == len(views)
        assert second.keys().isdisjoint(first)
        note = chain.events.wait_for("result_delivered", purpose="rejection", job=replaced.text("job"))
        assert note.text("destination") == "PACS"
        (rejection,) = notes_at(pacs, views[0])
        named_there = {
            str(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID) for item in rejection.ContentSequence
        }
        assert named_there == {one.sop_instance_uid for one in objects}

        chain.wetread("retract", replaced.text("by"), "--by", "Ada", "--reason", "wrong", "--yes")
        assert ours(chain, study, SEGMENTATION) == {}


def test_a_mammography_cad_report_goes_instead_of_the_other_and_names_the_one_that_it_replaces(
    tmp_path: Path, pacs: Pacs
) -> None:
    site = to("PACS", test=True, objects=["card", "cad"]) | {"results": {"models": {"instant": {"reports": ["cad"]}}}}
    model = Answering(lambda _: answer())
    with started(tmp_path, model, model_settings(tmp_path, free_port()), **site) as chain:
        introduce(chain, pacs)
        name = unique()
        study = chain.send(four_view_study(study=name))
        chain.events.wait_for("result_delivered")
        (first,) = ours(chain, study, MAMMOGRAPHY_CAD_SR)
        assert ours(chain, study, COMPREHENSIVE_3D_SR) == {}
        assert pacs.holds(first) == 1
        assert "agree" in chain.wetread("doctor", "--ledger")

        chain.send([mammogram("R", "CC", study=name, number=9, ContentTime="093000", AcquisitionTime="093000")])
        chain.events.wait_for("result_replaced")
        chain.events.wait_for("result_delivered")
        (second,) = ours(chain, study, MAMMOGRAPHY_CAD_SR).values()
        assert second.SOPInstanceUID != first
        assert pacs.holds(str(second.SOPInstanceUID)) == 1
        named = second.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence
        assert [str(one.ReferencedSOPInstanceUID) for one in named] == [first]

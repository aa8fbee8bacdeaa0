"""The examination before the first day, of a good destination and of bad ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from demo.processes import free_port
from tests.delivery_chain import Chain, make_known
from tests.fakes.pacs import ALL_CLASSES, DifficultPacs

from orchestrator.operations import doctor

if TYPE_CHECKING:
    from pathlib import Path

    from demo.orthanc import Orthanc
    from tests.delivery_chain import Pacs

    from orchestrator.deliver.rehearsal import Finding

pytestmark = pytest.mark.integration


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {one.what: one for one in findings}


def test_a_good_pacs_takes_everything_and_shows_it(tmp_path: Path, source: Orthanc, pacs: Pacs) -> None:
    del pacs
    chain = Chain(tmp_path, source, {"PACS": {"test": True}})
    before = len(source.archive.get("/instances"))

    findings, sheet = doctor.destination(chain.archive, chain.site, "PACS", datetime.now(UTC))

    bad = [one for one in findings if not one.good]
    assert [one.what for one in bad] == ["the test patient is out again"]
    assert "delete patient WETREAD-TEST there by hand" in bad[0].said
    assert sum(one.what.startswith("takes the") for one in findings) == 4
    assert by_name(findings)["storage commitment"].said == "4 of 4"
    assert len(source.archive.get("/instances")) == before
    assert sheet is not None
    assert "WETREAD" in sheet.lines()[0]
    assert any(str(source.dicom_port) in line for line in sheet.lines() if line.startswith("firewall"))


def test_a_pacs_without_3d_reports_and_without_search_is_seen_as_that(tmp_path: Path, source: Orthanc) -> None:
    with DifficultPacs(free_port(), classes=ALL_CLASSES[:1], can_be_searched=False) as pacs:
        make_known(source, "DIFFICULT", "DIFFICULT", pacs.port)
        chain = Chain(tmp_path, source, {"DIFFICULT": {"test": True}})

        findings, _ = doctor.destination(chain.archive, chain.site, "DIFFICULT", datetime.now(UTC))

    found = by_name(findings)
    assert found["C-ECHO"].good
    assert found["takes the card (Secondary Capture)"].good
    assert not found["takes the SR (Comprehensive 3D, 88.34)"].good
    assert not found["search (C-FIND or QIDO-RS) shows what was sent"].good
    assert not found["storage commitment"].good


def test_a_pacs_that_is_down_or_unknown_ends_the_examination_with_the_reason(tmp_path: Path, source: Orthanc) -> None:
    make_known(source, "DOWN", "DOWN", free_port())
    chain = Chain(tmp_path, source, {"DOWN": {"test": True}})

    (down,), _ = doctor.destination(chain.archive, chain.site, "DOWN", datetime.now(UTC))
    (unknown,), sheet = doctor.destination(chain.archive, chain.site, "NOBODY", datetime.now(UTC))

    assert "nobody listens" in down.said
    assert "has no dicom NOBODY; it has: " in unknown.said
    assert sheet is None


def test_settings_of_orthanc_that_endanger_results_are_named(tmp_path: Path, source: Orthanc) -> None:
    chain = Chain(tmp_path, source, {})
    own = doctor.configuration(
        '{\n  "OverwriteInstances" : true, // "comment"\n  /* and */ "StableAge" : 600,\n'
        '  "HttpCompressionEnabled" : false, "LuaScripts" : ["http://route.lua"], "MaximumStorageMode": "Recycle"\n}',
        "orthanc.json",
    )

    found = by_name(doctor.orthanc(chain.archive, own, datetime.now(UTC)))
    unknown = by_name(doctor.orthanc(chain.archive, None, datetime.now(UTC)))

    assert not found["OverwriteInstances: True"].good
    assert found["HttpCompressionEnabled: False"].good
    assert not found["StableAge: 600 s"].good
    assert not found["MaximumStorageMode: Recycle"].good
    assert "hold: outside" in found["no automatic routing"].said
    assert found["its clock is ours"].good
    assert "--orthanc-config" in unknown["StableAge"].said

"""The examination before the first day, of a good destination and of bad ones."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from demo.processes import free_port
from demo.services import SCRIPTS
from tests.delivery_chain import Chain, make_known
from tests.fakes.pacs import ALL_CLASSES, DifficultPacs

from orchestrator.errors import SettingsInvalid
from orchestrator.operations import doctor

if TYPE_CHECKING:
    from pathlib import Path

    from demo.orthanc import Orthanc
    from tests.delivery_chain import Pacs

    from orchestrator.deliver.rehearsal import Finding

KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"
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


def test_a_destination_that_is_to_get_more_is_tried_with_it(tmp_path: Path, source: Orthanc, pacs: Pacs) -> None:
    del pacs
    chain = Chain(tmp_path, source, {"PACS": {"test": True, "objects": ["card", "seg", "cad"]}})

    findings, _ = doctor.destination(chain.archive, chain.site, "PACS", datetime.now(UTC))

    found = by_name(findings)
    assert found["takes the segmentation"].good
    assert found["takes the SR (Mammography CAD, 88.50)"].good
    assert found["storage commitment"].said == "6 of 6"


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
        '  "HttpCompressionEnabled" : false, "LuaScripts" : ["http://route.lua"],\n'
        '  "MaximumStorageMode": "Recycle", "MaximumStorageSize": 1000, "MaximumPatientCount": 0\n}',
        "orthanc.json",
    )

    found = by_name(doctor.orthanc(chain.archive, own, datetime.now(UTC)))
    unknown = by_name(doctor.orthanc(chain.archive, None, datetime.now(UTC)))

    assert not found["OverwriteInstances: True"].good
    assert found["HttpCompressionEnabled: False"].good
    assert not found["StableAge: 600 s"].good
    assert not found["nothing is recycled"].good
    assert "hold: outside" in found["no automatic routing"].said
    assert found["its clock is ours"].good
    assert not unknown["StableAge"].good
    assert not unknown["StableAge"].seen


def test_what_orthancs_file_leaves_out_is_as_orthanc_has_it_then(tmp_path: Path, source: Orthanc) -> None:
    chain = Chain(tmp_path, source, {})
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "orthanc.json").write_text('{"StableAge": 30, "MaximumStorageSize": 0}', encoding="utf-8")
    (folder / "site.json").write_text('{"StableAge": 90, "MaximumPatientCount": 5}', encoding="utf-8")

    found = by_name(doctor.orthanc(chain.archive, doctor.configurations(folder), datetime.now(UTC)))

    assert found["StableAge: 90 s"].good
    assert found["OverwriteInstances: False"].good
    assert not found["nothing is recycled"].good
    assert found["no automatic routing"].good
    assert all(one.seen for one in found.values())


def test_a_configuration_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        doctor.configurations(tmp_path / "nothing.json")
    with pytest.raises(SettingsInvalid, match="there is no"):
        doctor.configurations(tmp_path)


def test_the_command_says_what_it_could_not_see_and_what_to_type_to_show_it(tmp_path: Path, source: Orthanc) -> None:
    chain = Chain(tmp_path, source, {})
    own = tmp_path / "orthanc.json"
    own.write_text('{"HttpCompressionEnabled": false}', encoding="utf-8")
    command = [str(SCRIPTS / "wetread"), "doctor", "--site", str(chain.site_file)]

    blind = subprocess.run(command, capture_output=True, text=True, check=False)
    seeing = subprocess.run([*command, "--orthanc-config", str(own)], capture_output=True, text=True, check=False)

    assert blind.returncode == 1
    assert "? OverwriteInstances: not seen" in blind.stdout
    assert "settings of Orthanc could not be seen: OverwriteInstances, HttpCompressionEnabled" in blind.stdout
    assert "wetread doctor --orthanc-config /etc/orthanc" in blind.stdout
    assert seeing.returncode == 0, seeing.stdout
    assert "not seen" not in seeing.stdout


def test_the_test_patient_is_out_again_where_rejection_notes_are_honoured(tmp_path: Path, source: Orthanc) -> None:
    with DifficultPacs(free_port(), classes=(*ALL_CLASSES, KEY_OBJECT_SELECTION)) as pacs:
        pacs.hides_everything_after_a_note = True
        pacs.hides_once_it_has = KEY_OBJECT_SELECTION
        make_known(source, "DIFFICULT", "DIFFICULT", pacs.port)
        chain = Chain(tmp_path, source, {"DIFFICULT": {"test": True, "honours_rejection_notes": True}})

        findings, _ = doctor.destination(chain.archive, chain.site, "DIFFICULT", datetime.now(UTC))

    found = by_name(findings)
    assert found["search (C-FIND or QIDO-RS) shows what was sent"].said == "4 of 4"
    assert found["takes a rejection note"].good
    assert "the test patient is out again" not in found

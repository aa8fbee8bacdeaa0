"""Models come, go, contradict each other and are approved, narrowed and compared, while the orchestrator runs."""

from __future__ import annotations

import hashlib
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import grpc
import pytest
import yaml
from bench.model import answer
from demo.following import short
from demo.processes import free_port
from demo.services import SCRIPTS, Orchestrator
from tests.dicom_factories import ct_series, four_view_study
from tests.e2e.chain import Chain, HeldGrading, unique
from tests.fakes.models import Answering

from wetread.v1 import model_pb2, model_pb2_grpc
from wetread_sdk import Loaded, Settings
from wetread_sdk.serving import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from demo.orthanc import Orthanc

    from wetread_sdk import Context

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

LIVE_WITHIN_S = 10
WHO = ("--by", "a tester", "--reason", "a test")
DECLARATION = """\
schema: 1
name: {name}
version: {version}
title: A model for tests
intended_use: None but tests
stage: demonstration
select:
  Modality: MG
  SOPClassUID: 1.2.840.10008.5.1.4.1.1.1.2
  mg.view: {{one_of: [CC, MLO]}}
limits: {{concurrency: 2, deadline_s: 60}}
"""


class Grading(Answering):
    """Answers at once; its weights are what it is told."""

    def __init__(self, weights: str = "ab" * 32) -> None:
        super().__init__(lambda _: answer())
        self._weights = weights

    def load(self, context: Context) -> Loaded:
        del context
        return Loaded(self._weights, "none", "cpu")


class Site:
    """An orchestrator that looks for models at a few addresses; models come and go."""

    def __init__(self, folder: Path, orthanc: Orthanc, **sections: Mapping[str, object]) -> None:
        self.folder = folder
        self.ports = [free_port() for _ in range(3)]
        self.orthanc = orthanc
        self.orchestrator = Orchestrator(
            folder / "orchestrator", orthanc, tuple(f"127.0.0.1:{port}" for port in self.ports), **sections
        )

    @contextmanager
    def running(self) -> Iterator[Chain]:
        try:
            yield Chain(self.orthanc, self.orchestrator, self.orchestrator.start())
        finally:
            self.orchestrator.stop()

    @contextmanager
    def model(
        self, place: int, model: Answering | None = None, *, name: str = "tester", version: str = "1.0.0"
    ) -> Iterator[None]:
        folder = self.folder / f"model-{place}-{version}"
        folder.mkdir(exist_ok=True)
        declaration = folder / "model.yaml"
        declaration.write_text(DECLARATION.format(name=name, version=version), encoding="utf-8")
        settings = Settings(
            declaration=declaration,
            grpc_host="127.0.0.1",
            grpc_port=self.ports[place],
            http_port=0,
            spool_dir=folder,
            drain_s=1.0,
        )
        with running(model or Grading(), settings):
            yield

    def rewrite(self, **sections: object) -> None:
        """Changes the site file, as an editor would: at once."""
        text = self.orchestrator.site_file.read_text(encoding="utf-8")
        new = self.orchestrator.site_file.with_suffix(".new")
        new.write_text(yaml.safe_dump(_merged(yaml.safe_load(text), sections)), encoding="utf-8")
        new.rename(self.orchestrator.site_file)

    def wetread(self, *arguments: str, expect: int = 0) -> str:
        """What a command says, in one line."""
        command = [SCRIPTS / "wetread", *arguments, "--site", self.orchestrator.site_file]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={"COLUMNS": "300"})
        assert done.returncode == expect, done.stdout + done.stderr
        return " ".join((done.stdout + done.stderr).split())


def _merged(old: dict[str, object], new: Mapping[str, object]) -> dict[str, object]:
    merged = dict(old)
    for key, value in new.items():
        before = merged.get(key)
        nested = isinstance(before, dict) and isinstance(value, dict) and key != "policy"
        merged[key] = _merged(before, value) if nested else value
    return merged


@pytest.fixture
def site(tmp_path: Path, own_orthanc: Orthanc) -> Site:
    return Site(tmp_path, own_orthanc)


def exam() -> list[object]:
    return [*four_view_study(study=unique())]


def test_a_container_that_comes_later_is_live_and_read_by_without_a_restart(site: Site) -> None:
    with site.running() as chain, site.model(0):
        chain.events.wait_for("model_registered", model="tester", deadline_s=LIVE_WITHIN_S)
        assert chain.ended(chain.send(exam())) == "result_stored"
        with site.model(1, name="second"):
            chain.events.wait_for("model_registered", model="second", deadline_s=LIVE_WITHIN_S)
            study = chain.send(exam())
            names = {chain.events.wait_for("result_stored", study=short(study)).text("model") for _ in range(2)}
            assert names == {"tester", "second"}
        chain.events.wait_for("model_lost", model="second", deadline_s=LIVE_WITHIN_S)


def test_a_study_that_came_just_before_the_first_model_is_read_when_it_answers(site: Site) -> None:
    with site.running() as chain:
        study = chain.send(exam())
        chain.events.wait_for("study_judged", study=short(study))
        with site.model(0):
            assert chain.events.wait_for("result_stored", study=short(study)).text("model") == "tester"


def test_a_study_waits_for_a_model_that_is_down_across_a_restart(site: Site) -> None:
    with site.model(0), site.running() as chain:
        chain.events.wait_for("model_registered")
    with site.running() as chain:
        study = chain.send(exam())
        chain.events.wait_for("job_queued", study=short(study))
        with site.model(0):
            chain.events.wait_for("result_stored", study=short(study))


def test_replicas_agree_and_share_the_work(site: Site) -> None:
    first, second = HeldGrading(), HeldGrading()
    with site.model(0, first), site.model(1, second), site.running() as chain:
        for _ in range(2):
            chain.events.wait_for("model_registered")
        studies = [chain.send(exam()) for _ in range(2)]
        assert first.begun.acquire(timeout=30)
        assert second.begun.acquire(timeout=30)
        first.let_go.set()
        second.let_go.set()
        assert set(chain.all_ended(studies).values()) == {"result_stored"}


def test_a_contradiction_counts_only_between_those_that_are_alive(site: Site) -> None:
    with site.running() as chain:
        with site.model(0, Grading("aa" * 32)):
            chain.events.wait_for("model_registered")
            with site.model(1, Grading("bb" * 32)):
                refused = chain.events.wait_for("model_refused")
                assert "differs in weights or declaration" in refused.text("reason")
                assert "give it a version of its own" in site.wetread("model", "list")
        chain.events.wait_for("model_lost")
        with site.model(1, Grading("bb" * 32)):
            chain.events.wait_for("model_registered", deadline_s=LIVE_WITHIN_S)


def test_a_model_that_may_not_join_is_refused_with_what_to_change(tmp_path: Path, own_orthanc: Orthanc) -> None:
    site = Site(tmp_path, own_orthanc, models={"accept": ["second"]})
    with site.running() as chain, site.model(0), site.model(1, name="second"):
        assert "models.accept" in chain.events.wait_for("model_refused").text("reason")
        assert chain.events.wait_for("model_registered").text("model") == "second"


class Misspelt(model_pb2_grpc.ModelServiceServicer):
    """Describes itself with a declaration that nobody can accept."""

    def Describe(  # noqa: N802 - gRPC's name
        self, request: model_pb2.DescribeRequest, context: grpc.ServicerContext
    ) -> model_pb2.DescribeResponse:
        del request, context
        text = DECLARATION.format(name="misspelt", version="1.0.0").replace("mg.view", "ViewPositon")
        digest = hashlib.sha256(text.encode()).hexdigest()
        return model_pb2.DescribeResponse(
            declaration_yaml=text, declaration_sha256=digest, weights_sha256=digest, limits=model_pb2.Limits()
        )


def test_a_misspelt_declaration_is_refused_with_its_line_and_the_others_go_on(site: Site) -> None:
    server = grpc.server(ThreadPoolExecutor(2))
    model_pb2_grpc.add_ModelServiceServicer_to_server(Misspelt(), server)  # type: ignore[no-untyped-call]
    server.add_insecure_port(f"127.0.0.1:{site.ports[1]}")
    server.start()
    try:
        with site.model(0), site.running() as chain:
            reason = chain.events.wait_for("model_refused").text("reason")
            assert ":10:3: select.ViewPositon" in reason
            assert "did you mean `ViewPosition`?" in reason
            assert "did you mean `ViewPosition`?" in site.wetread("model", "list")
            assert chain.ended(chain.send(exam())) == "result_stored"
    finally:
        server.stop(None)


def test_the_highest_approved_version_is_active_else_the_highest(site: Site) -> None:
    with site.model(0, version="1.2.0"), site.model(1, version="1.10.0"), site.running() as chain:
        for _ in range(2):
            chain.events.wait_for("model_registered")
        study = chain.send(exam())
        assert chain.ended(study) == "result_stored"
        assert "tester 1.10.0, job" in chain.explain(study)

        said = site.wetread("model", "approve", "tester", "1.2.0", "--by", "a tester", "--reason", "compared")
        assert "approved tester 1.2.0; any other digest stays HELD" in said
        study = chain.send(exam())
        assert chain.ended(study) == "result_stored"
        assert "tester 1.2.0, job" in chain.explain(study)


def test_approving_what_has_never_been_here_says_what_has(site: Site) -> None:
    with site.model(0), site.running() as chain:
        chain.events.wait_for("model_registered")
        said = site.wetread("model", "approve", "tester", "9.9.9", "--by", "a", "--reason", "b", expect=2)
    assert "tester 9.9.9 has never been here; known: tester 1.0.0" in said


def test_jobs_of_a_version_that_is_gone_go_to_the_one_that_is_active(tmp_path: Path, own_orthanc: Orthanc) -> None:
    site = Site(tmp_path, own_orthanc, models={"version_grace": "1s"})
    with site.model(0, version="1.0.0"), site.running() as chain:
        chain.events.wait_for("model_registered")
    with site.running() as chain:
        study = chain.send(exam())
        chain.events.wait_for("job_queued", study=short(study))
        with site.model(1, version="1.1.0"):
            superseded = chain.events.wait_for("job_superseded", study=short(study), deadline_s=90)
            assert superseded.text("reason") == "1.0.0 answers no more; 1.1.0 is active"
            chain.events.wait_for("result_stored", study=short(study))
            assert "tester 1.1.0, job" in chain.explain(study)
            assert len(site.orthanc.archive.results(study)) == 2


def test_a_version_in_shadow_stores_nothing_and_is_compared(tmp_path: Path, own_orthanc: Orthanc) -> None:
    site = Site(tmp_path, own_orthanc, models={"policy": {"tester 2.0.0": {"shadow": True}}})
    with site.model(0, version="1.0.0"), site.model(1, version="2.0.0"), site.running() as chain:
        for _ in range(2):
            chain.events.wait_for("model_registered")
        study = chain.send(exam())
        chain.events.wait_for("result_compared")
        chain.events.wait_for("result_stored", study=short(study))
        assert len(site.orthanc.archive.results(study)) == 2
        assert "1 of 1 studies agree (100.0 %)" in site.wetread("model", "compare", "tester", "1.0.0", "2.0.0")


def test_a_changed_site_file_is_taken_up_and_a_broken_one_is_not(site: Site) -> None:
    with site.model(0), site.running() as chain:
        chain.events.wait_for("model_registered")
        before = chain.send(exam())
        assert chain.ended(before) == "result_stored"
        decided_by = chain.explain(before).partition("site file ")[2][:12]

        site.rewrite(models={"policy": {"tester": {"select": {"ManufacturerModelName": "Never Made"}}}})
        chain.events.wait_for("site_file_changed")
        study = chain.send(exam())
        assert chain.ended(study) == "MISSED"
        told = chain.explain(study)
        assert "ManufacturerModelName is Never Made: false in 4 of 4 instances" in told
        assert decided_by not in told

        site.rewrite(models={"policy": {"tester": {"select": {"Manufacurer": "X"}}}})
        refused = chain.events.wait_for("site_file_refused").text("reason")
        assert "did you mean `Manufacturer`?" in refused
        assert chain.ended(chain.send(exam())) == "MISSED"

        site.rewrite(models={"policy": {"tester": {"off": True}}}, timezone="Asia/Tokyo")
        chain.events.wait_for("site_file_changed")
        study = chain.send(exam())
        assert chain.ended(study) == "MISSED"
        assert "the model is switched off at this site" in chain.explain(study)


def test_stat_overtakes_what_waits(tmp_path: Path, own_orthanc: Orthanc) -> None:
    site = Site(
        tmp_path,
        own_orthanc,
        work={"threads": 1, "per_model": 1},
        priority={"stat": {"RequestedProcedurePriority": "STAT"}},
    )
    model = HeldGrading()
    with site.model(0, model), site.running() as chain:
        chain.events.wait_for("model_registered")
        first = chain.send(exam())
        assert model.begun.acquire(timeout=30)
        routine = [chain.send(exam()) for _ in range(5)]
        for study in routine:
            chain.events.wait_for("job_queued", study=short(study))
        urgent = chain.send(four_view_study(study=unique(), RequestedProcedurePriority="STAT"))
        chain.events.wait_for("job_queued", study=short(urgent))
        model.let_go.set()
        order = [chain.events.wait_for("result_stored").text("study") for _ in range(7)]
    assert order[0] == short(first)
    assert order.index(short(urgent)) <= 2, "only what was already in the engine's hands goes before it"


def test_old_studies_run_only_when_somebody_asks(site: Site) -> None:
    old = site.orthanc
    chain_free = Chain(old, site.orchestrator, None)  # type: ignore[arg-type] - only sends
    before = chain_free.send(exam())
    with site.model(0), site.running() as chain:
        chain.events.wait_for("model_registered")
        now = chain.send(exam())
        assert chain.ended(now) == "result_stored"
        assert site.orthanc.archive.results(before) == []

        told = site.wetread("replay", "--since", "3650d")
        assert "tester 2 2 100.0 % 0 0 0" in told

        site.wetread(
            "backfill", "--model", "tester", "--since", "3650d", "--rate", "3600", "--by", "a", "--reason", "b"
        )
        chain.events.wait_for("result_stored", study=short(before))
        assert len(site.orthanc.archive.results(before)) == 2

        (card, _) = (one.orthanc_id for one in chain.orthanc.archive.results(now))
        site.wetread("rerun", now[:8], "--model", "tester", *WHO)
        chain.events.wait_for("result_stored", study=short(now))
        again = [one.orthanc_id for one in chain.orthanc.archive.results(now)]
        assert len(again) == 2
        assert card not in again


def test_a_declaration_is_tried_on_what_is_there_before_it_goes_live(site: Site, tmp_path: Path) -> None:
    with site.model(0), site.running() as chain:
        chain.events.wait_for("model_registered")
        mammography = chain.send(exam())
        chest = chain.send(ct_series(study=unique()))
        assert set(chain.all_ended([mammography, chest]).values()) == {"result_stored", "MISSED"}
        tried = tmp_path / "model-new.yaml"
        tried.write_text(
            DECLARATION.format(name="tester", version="2.0.0")
            .replace("Modality: MG", "Modality: CT")
            .replace("1.1.1.2\n", "1.1.2\n")
            .replace("  mg.view: {one_of: [CC, MLO]}\n", "  Rows: {at_least: 1}\n"),
            encoding="utf-8",
        )
        told = site.wetread("replay", "--since", "3650d", "--declaration", str(tried))
        assert "tester 2 1 50.0 % 0 1 1" in told
        assert f"tester gained {chest}" in told
        assert f"tester lost {mammography}" in told


def test_a_site_may_say_since_when_studies_are_read(tmp_path: Path, own_orthanc: Orthanc) -> None:
    site = Site(tmp_path, own_orthanc, watch={"since": "2020-01-01T00:00:00+00:00"})
    before = Chain(site.orthanc, site.orchestrator, None).send(exam())  # type: ignore[arg-type]  # only sends
    with site.model(0), site.running() as chain:
        chain.events.wait_for("result_stored", study=short(before))

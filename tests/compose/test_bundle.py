"""The bundle for machines without a registry, installed on an engine that has nothing."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.compose.engine import empty_engine
from tests.compose.site import COMPOSE, Site, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAIR = 2


def test_a_bundle_makes_a_site_on_an_engine_that_has_nothing(
    images: None, exam: Callable[[int], Path], tmp_path: Path
) -> None:
    del images
    (tmp_path / "orthanc.json").touch()
    made = run(
        COMPOSE / "make-bundle",
        tmp_path / "dist",
        COMPOSE / "compose.test.yaml",
        timeout_s=600,
        WETREAD_TEST_FOLDER=str(tmp_path),
        GRAFANA_IMAGE="wetread-test/prometheus",
    )
    assert "wetread-0.1.0.tar" in made
    run("sha256sum", "--check", "--quiet", tmp_path / "dist/wetread-0.1.0.tar.sha256", cwd=tmp_path / "dist")
    run("tar", "-x", "-C", tmp_path, "-f", tmp_path / "dist/wetread-0.1.0.tar")
    (tmp_path / "dist/wetread-0.1.0.tar").unlink()
    study = exam(50)

    with empty_engine() as engine:
        assert run("docker", "images", "--quiet", DOCKER_HOST=engine) == ""
        run(tmp_path / "wetread-0.1.0/install", timeout_s=600, DOCKER_HOST=engine)
        with Site(tmp_path / "site", f"wetread-bundle-{os.getpid()}", engine=engine) as site:
            site.files[0] = tmp_path / "wetread-0.1.0/compose/compose.yaml"
            site.compose("up", "--detach", "--wait", "--no-build", "--pull", "never")
            site.results_of([site.send(study)], PAIR)


def test_a_damaged_bundle_is_refused(tmp_path: Path) -> None:
    shutil.copy(COMPOSE / "install", tmp_path / "install")
    (tmp_path / "compose.yaml").write_text("services: {}\n", encoding="utf-8")
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  compose.yaml\n", encoding="utf-8")

    with pytest.raises(AssertionError, match="damaged"):
        run(tmp_path / "install")

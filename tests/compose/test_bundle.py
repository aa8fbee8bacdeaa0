"""The bundle for machines without a registry, installed on an engine that has nothing."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from demo.processes import Command, Process
from tests.compose.site import COMPOSE, Site, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAIR = 2
ENGINE_DEADLINE_S = 60


@pytest.fixture
def empty_engine(engine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Makes every later `docker` of this test speak to a second engine, without any image; root only."""
    del engine
    program = shutil.which("dockerd")
    if program is None or os.getuid() != 0:
        pytest.skip("a second engine needs root and dockerd")
    socket = f"unix://{tmp_path}/docker.sock"
    folders = ("--data-root", f"{tmp_path}/data", "--exec-root", f"{tmp_path}/exec", "--pidfile", f"{tmp_path}/pid")
    # No rules of its own in the machine's firewall; ports are published by docker's proxy.
    network = ("--bridge", "none", "--iptables=false", "--ip6tables=false")
    pools = ("--default-address-pool", "base=10.213.0.0/16,size=24")
    with ExitStack() as started:

        def switch() -> None:
            command = (program, *folders, *network, *pools, "--host", socket)
            process = Process(Command("dockerd", command, tmp_path / "dockerd.log"))
            started.callback(process.stop)
            process.await_ready((tmp_path / "docker.sock").exists, deadline_s=ENGINE_DEADLINE_S)
            monkeypatch.setenv("DOCKER_HOST", socket)
            assert run("docker", "images", "--quiet") == ""

        yield switch


def test_a_bundle_makes_a_site_on_a_machine_that_has_nothing(
    images: None, empty_engine: Callable[[], None], exam: Callable[[int], Path], tmp_path: Path
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
    study = exam(50)
    empty_engine()

    run(tmp_path / "wetread-0.1.0/install", timeout_s=600)

    with Site(tmp_path / "site", f"wetread-bundle-{os.getpid()}") as site:
        site.files[0] = tmp_path / "wetread-0.1.0/compose/compose.yaml"
        site.compose("up", "--detach", "--wait", "--no-build", "--pull", "never")
        site.results_of([site.send(study)], PAIR)


def test_a_damaged_bundle_is_refused(tmp_path: Path) -> None:
    shutil.copy(COMPOSE / "install", tmp_path / "install")
    (tmp_path / "compose.yaml").write_text("services: {}\n", encoding="utf-8")
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  compose.yaml\n", encoding="utf-8")

    with pytest.raises(AssertionError, match="damaged"):
        run(tmp_path / "install")

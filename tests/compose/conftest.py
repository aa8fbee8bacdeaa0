"""One composed site for the whole folder, built from this checkout. Everything here needs a Docker engine."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pydicom
import pytest
from pydicom.uid import generate_uid
from tests.compose.site import BUILDER, ROOT, Site, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BUILD_DEADLINE_S = 1800


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(ROOT / "tests/compose"):
            item.add_marker(pytest.mark.compose)
            item.add_marker(pytest.mark.timeout(BUILD_DEADLINE_S + 600))


@pytest.fixture(scope="session")
def engine() -> None:
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no Docker engine answers: `make e2e-compose` on a machine with Docker and Compose proves the rest")


@pytest.fixture(scope="session")
def images(engine: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every image of this checkout, and those of third parties; built at once, so that they share what they can."""
    del engine
    site = Site(tmp_path_factory.mktemp("build"), BUILDER)
    site.compose("--profile", "*", "build", timeout_s=BUILD_DEADLINE_S)


@pytest.fixture(scope="module")
def site(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A whole site with brdensity, started cold."""
    del images
    with Site(tmp_path_factory.mktemp("site"), f"wetread-e2e-{os.getpid()}") as composed:
        yield composed


@pytest.fixture(scope="session")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """A folder with a synthetic exam, another one for each number: drawn once, under UIDs of its own each time."""
    drawn = tmp_path_factory.mktemp("drawn")
    run(ROOT / ".venv/bin/brdensity", "phantom", "--out", drawn, timeout_s=300)

    def numbered(number: int) -> Path:
        folder = tmp_path_factory.mktemp("exam")
        for path in drawn.glob("*.dcm"):
            dataset = pydicom.dcmread(path)
            for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
                dataset[keyword].value = generate_uid(entropy_srcs=[dataset[keyword].value, str(number)])
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            dataset.save_as(folder / path.name)
        return folder

    return numbered

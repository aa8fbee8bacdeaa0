"""A real Orthanc for the whole run; tests keep apart by the UIDs of their own studies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from demo.orthanc import Orthanc, OrthancSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.archive import Archive


@pytest.fixture(scope="session")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """An Orthanc that calls a study stable after one second, and that no test stops."""
    server = Orthanc(tmp_path_factory.mktemp("orthanc"), OrthancSettings(stable_age_s=1))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def archive(orthanc: Orthanc) -> Archive:
    """The REST API of the shared Orthanc."""
    return orthanc.archive

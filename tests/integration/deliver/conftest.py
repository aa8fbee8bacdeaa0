"""An Orthanc that results are in, and a second one as PACS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from demo.orthanc import Orthanc, OrthancSettings
from tests.delivery_chain import Pacs, make_known, put

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """The Orthanc that results are in."""
    server = Orthanc(tmp_path_factory.mktemp("source"), OrthancSettings(ae_title="WETREAD", stable_age_s=1))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def pacs(source: Orthanc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pacs]:
    server = Orthanc(tmp_path_factory.mktemp("pacs"), OrthancSettings(ae_title="PACS", stable_age_s=1))
    server.start()
    make_known(source, "PACS", "PACS", server.dicom_port)
    make_known(server, "WETREAD", "WETREAD", source.dicom_port)
    account = {"Url": server.url, "Username": server.settings.username, "Password": server.password}
    put(source, "/peers/PEER", account)
    put(source, "/dicom-web/servers/WEB", {**account, "Url": f"{server.url}/dicom-web/"})
    yield Pacs(server)
    server.kill()

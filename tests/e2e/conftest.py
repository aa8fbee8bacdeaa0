"""Two chains for the whole run: one with the real network, one with a model that answers at once.

Tests that stop, kill or misconfigure something make a chain of their own.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from bench.model import answer
from demo.orthanc import Orthanc, OrthancSettings
from demo.processes import free_port
from demo.services import ModelService, Orchestrator
from demo.stack import Stack
from tests.delivery_chain import Pacs
from tests.e2e.chain import Chain, model_settings
from tests.fakes.models import Answering

from wetread_sdk.serving import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from demo.postgres import Postgres

    from wetread_sdk import Model, Settings

INCOMPLETE_AFTER = "4s"
QUICK = OrthancSettings(stable_age_s=1)


@pytest.fixture(scope="session")
def brdensity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Orthanc, brdensity with its demonstration weights, and the orchestrator."""
    with Stack(tmp_path_factory.mktemp("brdensity"), orthanc=QUICK) as stack:
        events = stack.start()
        yield Chain(stack.orthanc, stack.orchestrator, events)


@contextmanager
def started(
    folder: Path, model: Model, settings: Settings, orthanc: Orthanc | None = None, **site: Mapping[str, object] | str
) -> Iterator[Chain]:
    """A chain around this model; `orthanc` may be one with settings of its own, not started yet."""
    orthanc = orthanc or Orthanc(folder / "orthanc", QUICK)
    orchestrator = Orchestrator(folder, orthanc, (f"127.0.0.1:{settings.grpc_port}",), **site)
    with running(model, settings):
        orthanc.start()
        try:
            events = orchestrator.start()
            events.wait_for("model_registered")
            yield Chain(orthanc, orchestrator, events)
        finally:
            orchestrator.stop()
            orthanc.kill()


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Orthanc, a model that answers at once, and an orchestrator that waits 4 s for missing views."""
    folder = tmp_path_factory.mktemp("chain")
    settings, watch = model_settings(folder, free_port()), {"incomplete_after": INCOMPLETE_AFTER}
    with started(folder, Answering(lambda _: answer()), settings, watch=watch) as running_chain:
        yield running_chain


@pytest.fixture
def own_chain(tmp_path: Path) -> Callable[..., AbstractContextManager[Chain]]:
    """Makes a chain of this test alone: `with own_chain(model, watch={…}) as chain`."""

    def make(
        model: Model, settings: OrthancSettings = QUICK, **site: Mapping[str, object] | str
    ) -> AbstractContextManager[Chain]:
        orthanc = Orthanc(tmp_path / "orthanc", settings)
        return started(tmp_path, model, model_settings(tmp_path, free_port()), orthanc, **site)

    return make


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """Keys of a site file that name an empty database: the test runs with both kinds."""
    if request.param == "SQLite":
        return {}
    server: Postgres = request.getfixturevalue("postgres")
    return {"database": server.make(uuid4().hex), "database_password_file": str(server.password_file)}


@pytest.fixture(scope="session")
def published_model(tmp_path_factory: pytest.TempPathFactory) -> ModelService:
    """A model service of the published histogram model, not started."""
    from tests.e2e.published import imported  # noqa: PLC0415  # needs data that is not part of the project

    return imported(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="session")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pacs]:
    """A second Orthanc with AE title PACS; whoever sends to it makes itself known."""
    server = Orthanc(tmp_path_factory.mktemp("pacs"), OrthancSettings(ae_title="PACS", stable_age_s=1))
    server.start()
    yield Pacs(server)
    server.kill()

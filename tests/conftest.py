"""What holds for every test.

With CI in the environment nothing is skipped: a tool or data set that is missing there is a
failure, or a green run would prove less than it says.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

import pytest
from demo.orthanc import Orthanc, OrthancSettings
from demo.postgres import NoPostgres, Postgres
from tests.nursery import Nursery

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _unskipped(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _unskipped(report)


def _unskipped(report: Report) -> Report:
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Nothing may be skipped in CI. {reason}"
    return report


@pytest.fixture
def own_orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    """An Orthanc of this test alone, started; it may be stopped, killed and started again."""
    server = Orthanc(tmp_path / "orthanc", OrthancSettings(stable_age_s=1))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Starts orchestrators and models in a moment: what they import has been imported once for all tests."""
    with Nursery() as made:
        yield made


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL that no test stops; each makes databases of its own."""
    yield from _postgres()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A PostgreSQL that this test may kill."""
    yield from _postgres()


def _postgres() -> Iterator[Postgres]:
    try:
        server = Postgres()
    except NoPostgres as error:
        pytest.skip(str(error))
    server.start()
    yield server
    server.remove()

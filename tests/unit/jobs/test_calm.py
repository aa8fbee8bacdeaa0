from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.jobs.conftest import NOW

from orchestrator import settings
from orchestrator.deliver import calm
from orchestrator.handoffs import DeliveryKey, OrthancId
from orchestrator.jobs import deliveries, ledger
from orchestrator.jobs.states import DeliveryState, JobState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestrator.handoffs import JobKey
    from orchestrator.jobs.database import Database


@pytest.fixture
def site(tmp_path: Path) -> settings.Site:
    path = tmp_path / "site.yaml"
    path.write_text("orthanc: {url: http://orthanc:8042}\ntimezone: Etc/UTC\n", encoding="utf-8")
    return settings.load(path)


@pytest.mark.parametrize("comes_to_nothing", [JobState.FAILED, JobState.CANCELLED])
def test_a_result_waits_for_the_one_that_replaces_it_and_goes_if_that_comes_to_nothing(
    database: Database, open_job: Callable[..., JobKey], site: settings.Site, comes_to_nothing: JobState
) -> None:
    old = open_job("a")
    with database.write() as connection:
        new = deliveries.NewDelivery(
            DeliveryKey(old, "PACS"), OrthancId("s1"), "2026-03-02", altered=False, stage="research"
        )
        delivery = deliveries.open_delivery(connection, new, DeliveryState.QUEUED, NOW, "")
        job = ledger.known(connection, old)
        assert calm.wait_for(connection, site, delivery, job, NOW) is None
    newer = open_job("b")
    with database.write() as connection:
        wait = calm.wait_for(connection, site, delivery, job, NOW)
        assert wait is not None
        assert "newer result" in wait.reason
        ledger.move(connection, ledger.known(connection, newer), comes_to_nothing, NOW)

        assert calm.wait_for(connection, site, delivery, job, NOW) is None

"""Old studies pushed into Orthanc, as by a migration or for comparison: no result of theirs leaves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from demo.following import short
from demo.processes import free_port
from demo.waiting import until
from tests.delivery_chain import make_known
from tests.dicom_factories import four_view_study
from tests.e2e.chain import Counting, unique
from tests.fakes.pacs import DifficultPacs

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from pydicom import Dataset
    from tests.e2e.chain import Chain

    OwnChain = Callable[..., AbstractContextManager[Chain]]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
NAME = "DIFFICULT"
OLD = 25
AGES_DAYS = (8, 31, 366, 4000, 20000)


def exam(date: str) -> list[Dataset]:
    """Four views of that day."""
    dated = {"StudyDate": date, "AcquisitionDate": date, "ContentDate": date}
    return four_view_study(study=unique(), rows=16, columns=16, **dated)


def test_old_studies_that_are_pushed_into_orthanc_are_read_and_none_is_sent(own_chain: OwnChain) -> None:
    delivery = {"remote": NAME, "auto_transmit": True, "quiet": 0}
    model, today = Counting(), datetime.now(UTC)
    with (
        DifficultPacs(free_port()) as pacs,
        own_chain(model, destinations={NAME: {"test": True}}, delivery=delivery) as chain,
    ):
        make_known(chain.orthanc, NAME, NAME, pacs.port)
        dates = [f"{today - timedelta(days=AGES_DAYS[number % len(AGES_DAYS)]):%Y%m%d}" for number in range(OLD)]
        old = [chain.send(exam(date)) for date in dates]
        undated = chain.send(four_view_study(study=unique(), rows=16, columns=16, StudyDate=""))

        assert set(chain.all_ended([*old, undated]).values()) == {"result_stored"}
        new = chain.send(exam(f"{today:%Y%m%d}"))
        until(lambda: chain.logged("result_delivered") or None, what="the new one is delivered", deadline_s=90)

        (delivered,) = chain.logged("result_delivered")
        assert delivered.text("job") in chain.jobs(new)
        assert sum(pacs.kept.values()) == pacs.received == 2
        held = {one.text("job") for one in chain.logged("delivery_held")}
        assert held == {job for study in (*old, undated) for job in chain.jobs(study)}
        assert model.answered == OLD + 2
        assert chain.logged("job_queued", study=short(undated))

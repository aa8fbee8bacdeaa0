"""Containers of one model take turns, also when there is never more than one study at a time."""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from demo.waiting import until
from tests.fakes import models

from orchestrator.dispatch.registry import Registry
from orchestrator.settings import ModelSettings
from wetread_sdk import running

if TYPE_CHECKING:
    from pathlib import Path

REPLICAS = 3


def test_one_study_after_the_other_goes_to_the_replica_that_has_rested_longest(tmp_path: Path) -> None:
    with contextlib.ExitStack() as started:
        served = [
            started.enter_context(running(models.Answering(), models.settings(tmp_path))) for _ in range(REPLICAS)
        ]
        addresses = tuple(one.address for one in served)
        registry = Registry(ModelSettings(addresses=addresses), lambda _: False, lambda: datetime.now(UTC))
        started.callback(registry.close)

        def all_live() -> bool | None:
            registry.refresh()
            return registry.occupancy().get(models.NAME) == (REPLICAS, 0) or None

        until(all_live, what="all replicas are known", deadline_s=20)
        (model,) = [one.identity for one in registry.live()]

        asked: list[str] = []
        for _ in range(3 * REPLICAS):
            with registry.lease(model) as lease:
                asked.append(lease.address)
        with registry.lease(model) as first, registry.lease(model) as second, registry.lease(model) as third:
            busy = {first.address, second.address, third.address}

    assert Counter(asked) == dict.fromkeys(addresses, 3)
    assert busy == set(addresses)

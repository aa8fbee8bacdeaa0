"""`python -m bench.deliveries [1000]`: results to a PACS that fails at random; all there in the end, none twice.

The PACS refuses, drops the connection or forgets to answer for one transfer in five, and now and
then is down altogether. Pauses between attempts are not waited for: the clock is turned on.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import StringIO
from pathlib import Path

from demo.orthanc import Orthanc, OrthancSettings
from demo.processes import free_port
from rich.console import Console
from rich.progress import track
from tests.delivery_chain import Chain, Result, make_known
from tests.fakes.pacs import ACCEPTED, OUT_OF_RESOURCES, DifficultPacs

from orchestrator.errors import ArchiveUnavailable
from orchestrator.handoffs import DeliveryKey
from orchestrator.telemetry import logs

RESULTS = 1000
AT_ONCE = 4
"""Most of a delivery's time is waiting for the PACS."""
SEED = 20


def main(results: int = RESULTS) -> None:
    """Prints how many are there, how often each, and what it took."""
    console = Console()
    logs.set_up(StringIO())
    chance = random.Random(SEED)  # noqa: S311 - a benchmark that fails again fails alike

    def answer(number: int) -> int | None:
        del number
        luck = chance.random()
        return OUT_OF_RESOURCES if luck < 0.1 else None if luck < 0.2 else ACCEPTED  # noqa: PLR2004 - one in five

    with tempfile.TemporaryDirectory() as name, DifficultPacs(free_port(), answer=answer) as pacs:
        orthanc = Orthanc(Path(name) / "orthanc", OrthancSettings())
        orthanc.start()
        make_known(orthanc, "DIFFICULT", "DIFFICULT", pacs.port)
        chain = Chain(Path(name), orthanc, {"DIFFICULT": {"test": True}}, deliver_within="90d")
        made = [_result(chain) for _ in track(range(results), "composing", console=console, transient=True)]
        began = time.perf_counter()
        keys = [DeliveryKey(one.job, "DIFFICULT") for one in made]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            ending = threads.map(lambda key: chain.until_ended(key, attempts=100), keys)
            ended = list(track(ending, "delivering", len(keys), console=console, transient=True))
        took = time.perf_counter() - began
        orthanc.stop()
    wanted = {uid for one in made for uid in one.sop_instance_uids.values()}
    states = Counter(one.state.value for one in ended)
    console.print(f"{results} results of {len(wanted)} objects: {dict(states)}")
    console.print(f"there: {len(wanted & set(pacs.kept))} of {len(wanted)}; strangers: {len(set(pacs.kept) - wanted)}")
    console.print(f"kept more than once: {sum(count > 1 for count in pacs.kept.values())} objects")
    console.print(f"different objects under one UID: {sum(len(one) > 1 for one in pacs.contents.values())}")
    console.print(f"{pacs.received} transfers, {sum(one.attempt for one in ended)} attempts, {took:.0f} s")


def _result(chain: Chain) -> Result:
    """A result to be sent; another where Orthanc has just closed the kept connection, as it does after a second."""
    with suppress(ArchiveUnavailable):
        return chain.result()
    return chain.result()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RESULTS)

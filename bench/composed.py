"""`python -m bench.composed`: a composed site from nothing to its first result, and how soon a second model is asked.

Needs a Docker engine with Compose and the images (`make e2e-compose` builds them all). Every run has passwords, ports
and volumes of its own, and leaves nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from demo.waiting import until
from tests.compose.site import ROOT, Site

PAIR = 2
"""Objects that a model's result consists of."""
COLD_AIM_S = 180.0
JOIN_AIM_S = 10.0


def main() -> None:
    """Composes, sends an exam, prints three times."""
    with TemporaryDirectory(prefix="wetread-composed-") as place:
        folder = Path(place)
        exam = _exam(folder, 1)
        with Site(folder / "site", f"wetread-bench-{os.getpid()}") as site:
            began = time.monotonic()
            site.up()
            up_s = time.monotonic() - began
            site.results_of([site.send(exam)], PAIR)
            first_s = time.monotonic() - began

            began = time.monotonic()
            site.compose("up", "--detach", "--wait", "pixelstats")
            ready_s = time.monotonic() - began
            until(lambda: _asked(site) or None, what="pixelstats is asked", deadline_s=120)
            asked_s = time.monotonic() - began
    sys.stdout.write(
        f"cold up, everything healthy: {up_s:.1f} s\n"
        f"cold up to the first result: {first_s:.1f} s (aim: below {COLD_AIM_S:.0f} s)\n"
        f"a second model, from its container being ready to its first study: {max(0.0, asked_s - ready_s):.1f} s "
        f"(aim: below {JOIN_AIM_S:.0f} s); from the command: {asked_s:.1f} s\n"
    )


def _exam(folder: Path, seed: int) -> Path:
    place = folder / f"exam{seed}"
    command = [str(ROOT / ".venv/bin/brdensity"), "phantom", "--seed", str(seed), "--out", str(place)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # no shell
    return place


def _asked(site: Site) -> bool:
    return any(event["model"] == "pixelstats" for event in site.events("prediction_requested"))


if __name__ == "__main__":
    main()

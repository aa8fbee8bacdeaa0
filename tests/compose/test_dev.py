"""The override for work on the orchestrator: what is saved goes into the running container."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from demo.waiting import until
from tests.compose.site import COMPOSE, DEADLINE_S, ROOT, Site

if TYPE_CHECKING:
    from pathlib import Path

NEW = "orchestrator/src/orchestrator/saved.txt"
THERE = "/opt/wetread/lib/python3.11/site-packages/orchestrator/saved.txt"


def test_a_saved_file_goes_into_the_running_orchestrator_and_restarts_it(images: None, tmp_path: Path) -> None:
    del images
    checkout = tmp_path / "checkout"
    for folder in ("compose", "orchestrator/src", "proto/src"):
        shutil.copytree(ROOT / folder, checkout / folder)
    shutil.copy(ROOT / "uv.lock", checkout)
    with Site(tmp_path / "site", f"wetread-dev-{os.getpid()}", "dev") as site:
        site.files = [checkout / file.relative_to(COMPOSE.parent) for file in site.files]
        site.up("orthanc", "orchestrator")
        before = site.inspect("orchestrator")[0]["State"]["StartedAt"]
        with subprocess.Popen(site.command("watch", "--no-up", "orchestrator"), stdout=subprocess.DEVNULL) as watching:
            try:
                until(lambda: _saved(site, checkout) or None, what="the file is there", deadline_s=DEADLINE_S)
                until(
                    lambda: site.inspect("orchestrator")[0]["State"]["StartedAt"] != before or None,
                    what="it was started again",
                    deadline_s=DEADLINE_S,
                )
            finally:
                watching.terminate()


def _saved(site: Site, checkout: Path) -> bool:
    """Saves it once more, because nothing says when watching has begun, and looks into the container."""
    (checkout / NEW).write_text(os.urandom(8).hex(), encoding="utf-8")
    (container,) = site.containers("orchestrator")
    return subprocess.run(["docker", "exec", container, "test", "-e", THERE], check=False).returncode == 0

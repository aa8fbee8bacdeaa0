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
        watch = site.command("watch", "--no-up", "orchestrator")
        with subprocess.Popen(watch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as watching:
            try:
                assert watching.stdout is not None
                assert any("Watch enabled" in line for line in watching.stdout)
                (checkout / NEW).write_text("saved", encoding="utf-8")
                until(lambda: _is_there(site) or None, what="the file is there", deadline_s=DEADLINE_S)
                until(
                    lambda: site.inspect("orchestrator")[0]["State"]["StartedAt"] != before or None,
                    what="it was started again",
                    deadline_s=DEADLINE_S,
                )
            finally:
                watching.terminate()


def _is_there(site: Site) -> bool:
    """Also while the container is being started again, when nothing can be run in it: then not yet."""
    (container,) = site.containers("orchestrator")
    return subprocess.run(["docker", "exec", container, "test", "-e", THERE], check=False).returncode == 0

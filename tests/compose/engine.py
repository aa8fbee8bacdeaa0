"""A second Docker engine beside the one that answers, with nothing in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from demo.waiting import until
from tests.compose.site import run

if TYPE_CHECKING:
    from collections.abc import Iterator

START_DEADLINE_S = 120
POOL = "10.213.0.0/16"
NETWORKS = f"base={POOL},size=24"
"""For its networks; not those that Docker takes by itself, and the other engine has taken."""
BRIDGE = "10.212.0.1/24"


@contextmanager
def empty_engine() -> Iterator[str]:
    """Its address, as DOCKER_HOST has it; all of it is gone when the block is left.

    It leaves the firewall to the other engine, which lets its networks through: its containers reach each other
    and what is published on 127.0.0.1, and nothing outside. Skips where nobody may start one.
    """
    dockerd = shutil.which("dockerd")
    if dockerd is None or os.getuid() != 0:
        pytest.skip("a second engine needs root and dockerd: `make e2e-compose` as root shows the rest")
    with tempfile.TemporaryDirectory(prefix="wetread-engine-") as place, _bridge() as bridge, _let_through():
        folder, host = Path(place), f"unix://{place}/docker.sock"  # a short place: paths of sockets have 107 characters
        command = (
            *(dockerd, "--host", host, "--data-root", folder / "data", "--exec-root", folder / "exec"),
            *("--pidfile", folder / "pid", "--bridge", bridge, "--iptables=false", "--ip6tables=false"),
            *("--default-address-pool", NETWORKS),
        )
        log = folder / "log"
        with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
            try:
                until(
                    lambda: _answers(process, host, log), what="the second engine answers", deadline_s=START_DEADLINE_S
                )
                yield host
            finally:
                process.terminate()
                process.wait(timeout=60)


@contextmanager
def _bridge() -> Iterator[str]:
    """A bridge of its own: an engine with none takes `docker0` away from the other one."""
    name = f"wetread{os.getpid() % 10**7}"  # 15 characters at most
    run("ip", "link", "add", name, "type", "bridge")
    try:
        run("ip", "address", "add", BRIDGE, "dev", name)
        run("ip", "link", "set", name, "up")
        yield name
    finally:
        run("ip", "link", "delete", name)


@contextmanager
def _let_through() -> Iterator[None]:
    """The other engine drops what its own rules do not know; `DOCKER-USER` is the chain that it leaves to others."""
    rule = ("DOCKER-USER", "--source", POOL, "--destination", POOL, "--jump", "ACCEPT")
    run("iptables", "--insert", *rule)
    try:
        yield
    finally:
        run("iptables", "--delete", *rule)


def _answers(process: subprocess.Popen[bytes], host: str, log: Path) -> bool | None:
    assert process.poll() is None, log.read_text(encoding="utf-8")
    asked = subprocess.run(["docker", "--host", host, "info"], capture_output=True, check=False)
    return asked.returncode == 0 or None

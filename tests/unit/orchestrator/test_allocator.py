"""glibc's allocator, asked to keep the memory of a process with many threads together; each try is a process."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has these settings")

PROGRAM = textwrap.dedent(
    """
    import json, sys, threading
    from pathlib import Path
    from orchestrator.allocator import keep_memory_flat

    if sys.argv[1] == "asked" and not keep_memory_flat():
        sys.exit("refused")

    def resident_mb():
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

    def arenas():
        starts = [
            int(line.split("-")[0], 16)
            for line in Path("/proc/self/maps").read_text().splitlines()
            if " rw-p " in line and len(line.split()) == 5
        ]
        return sum(start % (64 << 20) == 0 for start in starts)

    all_here = threading.Barrier(9)

    def work():
        kept = [bytes(50_000) for _ in range(4)]
        all_here.wait()
        all_here.wait()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    all_here.wait()
    found = arenas()
    all_here.wait()
    before = resident_mb()
    del bytearray(3 << 20)[:]
    large, pins = [], []
    for _ in range(20):
        large.append(bytearray(2 << 20))
        pins.append(bytes(5_000))
    grown = resident_mb() - before
    large.clear()
    print(json.dumps({"arenas": found, "grown": grown, "left": resident_mb() - before}))
    """
)


def seen(how: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True, timeout=120)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def test_threads_share_two_arenas_instead_of_having_one_each() -> None:
    assert seen("left alone")["arenas"] > 2
    assert seen("asked")["arenas"] <= 2


def test_a_large_block_goes_back_to_the_system_when_it_is_freed() -> None:
    found = seen("asked")
    assert found["grown"] > 35
    assert found["left"] < 5

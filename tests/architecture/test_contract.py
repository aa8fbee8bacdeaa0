from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_generated_code_is_what_the_proto_files_give(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run([ROOT / "proto/generate", tmp_path], check=True, env={**os.environ, "PATH": path})

    fresh = {file.name: file.read_bytes() for file in (tmp_path / "wetread/v1").iterdir()}
    committed = {
        file.name: file.read_bytes() for file in (ROOT / "proto/src/wetread/v1").iterdir() if "_pb2" in file.name
    }

    assert {name for name in fresh if fresh[name] != committed.get(name)} == set(), "type:  make proto"
    assert committed.keys() == fresh.keys()

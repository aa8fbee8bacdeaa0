"""`python -m bench.sustained`: jobs a second of one orchestrator with tiny studies and a model that takes no time."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import measures
from bench.exams import Size

STUDIES = 400
AIM = 20.0
TINY = Size(64, 64)
"""4 × 8 kB."""


def main() -> None:
    """Works off a backlog that came while the orchestrator was down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=STUDIES)
    chosen = parser.parse_args()
    with TemporaryDirectory(prefix="wetread-sustained-") as folder:
        rate = measures.sustained(Path(folder), TINY, chosen.studies) / 60
    sys.stdout.write(f"{chosen.studies} studies of 4 tiny views: {rate:.1f} jobs a second (aim: {AIM:.0f})\n")


if __name__ == "__main__":
    main()

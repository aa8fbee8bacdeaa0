"""`brdensity`, or `python -m brdensity`."""

from __future__ import annotations

import sys

from rich.console import Console

from brdensity.cli import application
from brdensity.store import WeightsInvalid
from brdensity.wrapping import PictureMissing


def main() -> None:
    """Run one command; what a person can mend is said in one sentence."""
    try:
        application()
    except (WeightsInvalid, PictureMissing) as error:
        Console(stderr=True).print(f"[bold red]brdensity:[/] {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()

"""Where the files of this service lie that are no code: declarations, committed weights."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The service's folder: BRDENSITY_HOME, which the container image sets, else that of the checkout."""
    given = os.environ.get("BRDENSITY_HOME")
    return Path(given) if given else Path(__file__).resolve().parents[2]


def committed_weights() -> Path:
    """The demonstration network that is part of the project."""
    return home() / "weights" / "brdensity-demonstration.keras"

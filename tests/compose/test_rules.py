"""What Compose itself says about the overrides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.compose.site import COMPOSE, Site

if TYPE_CHECKING:
    from pathlib import Path

OVERRIDES = sorted(path.name.split(".")[1] for path in COMPOSE.glob("compose.*.yaml"))


@pytest.mark.parametrize("override", OVERRIDES)
@pytest.mark.usefixtures("engine")
def test_every_override_fits_the_composed_site(tmp_path: Path, override: str) -> None:
    site = Site(tmp_path, "wetread-config", override)

    site.compose("config", "--quiet", POSTGRES_PASSWORD="only-for-this-test")  # noqa: S106

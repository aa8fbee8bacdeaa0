"""What Prometheus itself says about configuration, rules and every query of the dashboards; overrides by Compose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.compose.site import COMPOSE, Site, run

if TYPE_CHECKING:
    from pathlib import Path

OVERRIDES = sorted(path.name.split(".")[1] for path in COMPOSE.glob("compose.*.yaml"))


def _promtool(folder: Path, *arguments: str) -> str:
    mounted = ("--volume", f"{folder}:/rules:ro", "--workdir", "/rules", "--network", "none")
    return run("docker", "run", "--rm", *mounted, "--entrypoint", "promtool", "wetread-test/prometheus", *arguments)


@pytest.mark.usefixtures("images")
def test_alerts_fire_when_they_should_and_not_before() -> None:
    assert "SUCCESS" in _promtool(COMPOSE / "prometheus/rules", "test", "rules", "wetread.test.yaml")


@pytest.mark.usefixtures("images")
def test_the_configuration_is_what_prometheus_understands() -> None:
    _promtool(COMPOSE / "prometheus", "check", "config", "--syntax-only", "prometheus.yml")
    _promtool(COMPOSE / "prometheus", "check", "config", "--syntax-only", "prometheus.alerting.yml")


@pytest.mark.usefixtures("images")
def test_every_query_of_the_dashboards_is_understood(tmp_path: Path) -> None:
    files = sorted((COMPOSE / "grafana/dashboards").glob("*.json"))
    queries = [panel["targets"][0]["expr"] for file in files for panel in json.loads(file.read_bytes())["panels"]]
    rules = [{"record": f"dashboard:query:{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}), encoding="utf-8")

    assert f"{len(queries)} rules found" in _promtool(tmp_path, "check", "rules", "rules.yml")


@pytest.mark.parametrize("override", OVERRIDES)
@pytest.mark.usefixtures("engine")
def test_every_override_fits_the_composed_site(tmp_path: Path, override: str) -> None:
    site = Site(tmp_path, "wetread-config", override)

    site.compose("config", "--quiet", POSTGRES_PASSWORD="only-for-this-test")  # noqa: S106

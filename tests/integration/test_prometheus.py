"""What Prometheus itself says about rules, configuration and every query of the dashboards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests.promtool import promtool

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "compose/prometheus"


def test_alerts_fire_when_they_should_and_not_before() -> None:
    said = promtool("test", "rules", "wetread.test.yaml", "wetread.weeks.test.yaml", folder=PROMETHEUS / "rules")

    assert said.count("SUCCESS") == 2


@pytest.mark.parametrize(
    "file",
    [
        PROMETHEUS / "prometheus.yml",
        PROMETHEUS / "prometheus.alerting.yml",
        ROOT / "k8s/components/monitoring/prometheus.yml",
    ],
    ids=["compose", "with Alertmanager", "Kubernetes"],
)
def test_the_configuration_is_what_prometheus_understands(file: Path) -> None:
    promtool("check", "config", "--syntax-only", file)


def test_every_query_of_the_dashboards_is_understood(tmp_path: Path) -> None:
    files = sorted((ROOT / "compose/grafana/dashboards").glob("*.json"))
    queries = [panel["targets"][0]["expr"] for file in files for panel in json.loads(file.read_bytes())["panels"]]
    rules = [{"record": f"dashboard:query:{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}), encoding="utf-8")

    assert len(queries) > 20
    assert f"{len(queries)} rules found" in promtool("check", "rules", "rules.yml", folder=tmp_path)

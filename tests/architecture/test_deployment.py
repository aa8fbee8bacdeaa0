"""Compose files, Dockerfiles, rules and dashboards are in order, checked without an engine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from tests.pinned_tools import satisfied
from typer.testing import CliRunner

from orchestrator.cli import app

ROOT = Path(__file__).parents[2]
COMPOSE, K8S = ROOT / "compose", ROOT / "k8s"
DOCKERFILES = [ROOT / "Dockerfile", *sorted(COMPOSE.glob("test/*.Dockerfile"))]


def test_dockerfiles_follow_good_practice() -> None:
    assert len(DOCKERFILES) > 1
    satisfied("hadolint", "--config", ROOT / ".hadolint.yaml", *DOCKERFILES)


def test_yaml_is_tidy() -> None:
    satisfied("yamllint", "--strict", "--config-file", ROOT / ".yamllint.yaml", COMPOSE, K8S)


def test_the_compose_file_has_no_grave_fault() -> None:
    satisfied("compose-lint", COMPOSE / "compose.yaml")


def test_the_same_file_in_two_places_is_the_same() -> None:
    """Kustomize reads nothing outside its folder, and Compose cannot add one key to a mounted file."""
    prometheus, alerting = _read("prometheus/prometheus.yml"), _read("prometheus/prometheus.alerting.yml")
    site, tls, postgres = _read("site.yaml"), _read("site.tls.yaml"), _read("site.postgres.yaml")
    pairs = {
        "prometheus/rules/wetread.yml": "components/monitoring/wetread.yml",
        "orthanc/orthanc.json": "base/orthanc/orthanc.json",
    }

    assert [here for here, there in pairs.items() if (COMPOSE / here).read_bytes() != (K8S / there).read_bytes()] == []
    assert alerting == {**prometheus, "alerting": alerting["alerting"]}
    assert {key: value for key, value in tls.items() if key != "models"} == site
    assert {key: value for key, value in postgres.items() if not key.startswith("database")} == site


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((COMPOSE / name).read_text(encoding="utf-8"))
    return found


def test_alerts_and_dashboards_ask_for_metrics_that_exist() -> None:
    documented = set(re.findall(r"`(wetread_\w+)`", (ROOT / "docs/metrics.md").read_text(encoding="utf-8")))
    rules = _read("prometheus/rules/wetread.yml")
    expressions = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    expressions += [query for queries in _dashboard_queries().values() for query in queries]
    found = [name for expression in expressions for name in re.findall(r"\bwetread_\w+", expression)]
    asked = {name.removesuffix("_bucket") for name in found}

    assert asked
    assert asked - documented == set()


def _dashboard_queries() -> dict[str, list[str]]:
    return {
        path.name: [panel["targets"][0]["expr"] for panel in json.loads(path.read_bytes())["panels"]]
        for path in sorted((COMPOSE / "grafana/dashboards").glob("*.json"))
    }


def test_dashboards_are_what_their_source_makes() -> None:
    subprocess.run([sys.executable, COMPOSE / "grafana/generate.py", "--check"], check=True)

    assert {name: len(queries) > 4 for name, queries in _dashboard_queries().items()} == {
        "fleet.json": True,
        "model.json": True,
        "site.json": True,
    }


def test_every_alert_says_what_to_do_and_where_more_is_written() -> None:
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs/operations.md").read_text(encoding="utf-8"), re.MULTILINE)
    alerts = [rule for group in _read("prometheus/rules/wetread.yml")["groups"] for rule in group["rules"]]
    named = {rule["alert"]: rule["annotations"] for rule in alerts if "alert" in rule}

    assert sorted(headings) == sorted(named)
    for name, said in named.items():
        assert set(said) == {"summary", "description", "runbook_url"}, name
        assert said["runbook_url"] == f"docs/operations.md#{name.lower()}"


def test_commands_that_pages_and_alerts_name_exist() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    text += (COMPOSE / "prometheus/rules/wetread.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|orchestrator |    )wetread ([a-z]+(?: list| approve| complete)?)", text))

    assert {"jobs", "deliveries", "doctor", "model list"} <= named
    for command in sorted(named):
        done = CliRunner().invoke(app, [*command.split(), "--help"])
        assert done.exit_code == 0, command
        assert "COMMAND [ARGS]" not in done.output, f"{command} is a group: name what it is to do"


def test_every_alert_has_a_test() -> None:
    rules = _read("prometheus/rules/wetread.yml")
    files = [_read(f"prometheus/rules/wetread.{kind}.yaml") for kind in ("test", "weeks.test")]
    tests = [one for file in files for test in file["tests"] for one in test["alert_rule_test"]]
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule}

    assert {one["alertname"] for one in tests if one["exp_alerts"]} == alerts

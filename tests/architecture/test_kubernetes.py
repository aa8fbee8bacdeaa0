"""What the manifests promise, asserted on what a cluster would get."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from tests.manifests import EVERYTHING, EXAMPLE, K8S, OVERLAYS, Pod, Rendered, Renderer, load, pods
from tests.pinned_tools import satisfied
from tests.pod_security import violations

from orchestrator import settings
from orchestrator.app import STOP_WITHIN_S
from orchestrator.telemetry import metrics

ROOT = Path(__file__).parents[2]
INSTALL = (ROOT / "docs/install.md").read_text(encoding="utf-8")
SITES = [*OVERLAYS, EVERYTHING]
EXAMPLES = sorted((K8S / "examples").glob("*.yaml"))
NODE = {"cpu": 4.0, "memory": 8 * 2**30, "nvidia.com/gpu": 2}
"""The machine of docs/install.md; production's two pods of the model take a device each."""


def test_every_combination_of_components_is_what_kubernetes_knows_and_admits(
    renderer: Renderer, sites: dict[str, Rendered], tmp_path: Path
) -> None:
    rendered = renderer.combinations() | sites
    objects = {json.dumps(one): one for each in rendered.values() for one in each.manifests}
    file = tmp_path / "all.yaml"
    file.write_text("\n---\n".join(objects), encoding="utf-8")
    found = {
        f"{pod.name}: {problem}"
        for pod in pods([*objects.values(), *(one for each in EXAMPLES for one in load(each))])
        for problem in violations(pod.spec)
    }

    assert len(rendered) == 8 + 28 + 1 + len(SITES)
    assert found == set()
    satisfied("kubernetes-validate", "--strict", file, *EXAMPLES)


def test_a_security_scanner_finds_nothing_but_what_is_explained(sites: dict[str, Rendered], tmp_path: Path) -> None:
    for number, rendered in enumerate(sites.values()):
        (tmp_path / f"{number}.yaml").write_text(rendered.text, encoding="utf-8")
    files = [argument for file in [*tmp_path.iterdir(), *EXAMPLES] for argument in ("--file", file)]

    satisfied("checkov", "--config-file", ROOT / ".checkov.yaml", "--framework", "kubernetes", *files)


def test_all_objects_lie_in_a_namespace_that_admits_restricted_pods_only(site: Rendered) -> None:
    ((name, namespace),) = site.of_kind("Namespace").items()
    levels = {namespace["metadata"]["labels"][f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "warn")}

    assert levels == {"restricted"}
    assert {one["metadata"].get("namespace", name) for one in site.manifests} == {name}
    assert load(EXAMPLE)[0]["metadata"]["namespace"] == name


def test_pods_write_nowhere_but_into_volumes_that_their_group_may_write(site: Rendered) -> None:
    for pod in site.pods.values():
        writable = {
            mount["name"]: mount["mountPath"] for mount in pod.container["volumeMounts"] if not mount.get("readOnly")
        }
        scratch = {volume["name"] for volume in pod.spec["volumes"] if "emptyDir" in volume}

        assert pod.container["securityContext"]["readOnlyRootFilesystem"], pod.name
        assert set(writable) == scratch | set(pod.claims), pod.name
        assert pod.spec["securityContext"]["fsGroup"] == pod.spec["securityContext"]["runAsGroup"], pod.name
        assert "/tmp" in writable.values() or pod.name == "prometheus", pod.name  # noqa: S108 - the container's


def test_images_are_those_on_the_node_and_pods_say_what_they_need(site: Rendered, example: Pod) -> None:
    for pod in [*site.pods.values(), example]:
        assert pod.container["imagePullPolicy"] == "IfNotPresent", pod.name
        assert re.search(r":[\w.-]*\d[\w.-]*$", pod.container["image"]), f"{pod.name}: a tag with a version"
        for kind in ("requests", "limits"):
            assert {"cpu", "memory"} <= pod.container["resources"][kind].keys(), pod.name


def test_probes_ask_ports_that_the_container_has(site: Rendered, example: Pod) -> None:
    for pod in [*site.pods.values(), example]:
        ports = {one["name"]: one["containerPort"] for one in pod.container["ports"]}
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            probe = pod.container[kind]
            (handler,) = [probe[way] for way in ("grpc", "httpGet", "tcpSocket", "exec") if way in probe]
            assert handler.get("port", next(iter(ports))) in {*ports, *ports.values()}, f"{pod.name}: {kind}"


def test_one_node_has_room_for_a_whole_site(site: Rendered) -> None:
    wanted = dict.fromkeys(NODE, 0.0)
    for pod in site.pods.values():
        for name, amount in pod.container["resources"]["requests"].items():
            wanted[name] += (pod.replicas or 1) * _amount(amount)

    assert 0 < wanted["cpu"] <= NODE["cpu"]
    assert 0 < wanted["memory"] <= NODE["memory"]
    assert wanted["nvidia.com/gpu"] <= NODE["nvidia.com/gpu"]


def _amount(text: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(m|Mi|Gi|)", text).groups()  # type: ignore[union-attr]
    return int(number) * {"m": 0.001, "Mi": 2**20, "Gi": 2**30, "": 1}[unit]


def test_every_model_is_behind_the_one_headless_service(site: Rendered, example: Pod) -> None:
    service = site.of_kind("Service")["models"]["spec"]
    ports = {one["name"]: one["port"] for one in service["ports"]}

    assert service["clusterIP"] == "None"
    assert service["selector"] == {"wetread/model": "true"}
    assert service["publishNotReadyAddresses"], "a container that refuses its declaration says why"
    assert site.models
    for model in [*site.models, example]:
        assert {one["name"]: one["containerPort"] for one in model.container["ports"]} == ports, model.name


def test_the_site_file_is_valid_and_all_that_it_names_is_there(site: Rendered, tmp_path: Path) -> None:
    text = site.configuration("site", "site.yaml")
    secrets = set(re.findall(r"/run/secrets/\S+", text))
    for path in secrets:
        volume = site.pods["orchestrator"].volume_at(path)
        assert Path(path).name in _keys(volume["secret"]["secretName"]), path
        copy = tmp_path / path.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text("secret", encoding="utf-8")
    local = text.replace("/run/secrets", f"{tmp_path}/run/secrets")
    read = settings.parse(local.encode(), tmp_path / "site.yaml")
    services = site.of_kind("Service")

    assert len(secrets) >= 1
    _, models, port = read.models.addresses[0].split(":")
    assert int(port) in [one["port"] for one in services[models]["spec"]["ports"]]
    for host, port in re.findall(r"(?:http://|@)([\w-]+):(\d+)", text):
        assert int(port) in [one["port"] for one in services[host]["spec"]["ports"]], host
    http = {one["name"]: one["containerPort"] for one in site.pods["orchestrator"].container["ports"]}
    assert (read.web.host, read.web.port) == ("0.0.0.0", http["http"])  # noqa: S104 - the pod's


def _keys(secret: str) -> set[str]:
    """The keys with which docs/install.md makes a secret."""
    commands = re.findall(rf"\bk {secret} ((?:.|\\\n)*?[^\\])$", INSTALL, re.MULTILINE)
    return {key for command in commands for key in re.findall(r"--from-file (?:=)?([\w.]+)=", command)}


def test_secrets_that_pods_wait_for_are_made_by_the_commands_of_the_installation(site: Rendered) -> None:
    named = {
        volume["secret"]["secretName"]
        for pod in site.pods.values()
        for volume in pod.spec["volumes"]
        if "secret" in volume and not volume["secret"].get("optional")
    }

    assert {"orthanc-users", "orthanc-password"} <= named
    assert {name for name in named if not _keys(name)} == set()


def test_passwords_come_as_files_never_in_the_environment(site: Rendered) -> None:
    for pod in site.pods.values():
        assert not [one for one in pod.container.get("env", []) if "valueFrom" in one], pod.name
        assert not [one for one in pod.container.get("envFrom", []) if "secretRef" in one], pod.name
    assert site.of_kind("Secret") == {}


@pytest.mark.parametrize("name", ["production", EVERYTHING])
def test_production_has_three_orchestrators_on_one_postgresql(sites: dict[str, Rendered], name: str) -> None:
    orchestrator = sites[name].pods["orchestrator"]
    site = yaml.safe_load(sites[name].configuration("site", "site.yaml"))
    database = sites[name].pods["postgres"]

    assert orchestrator.workload["kind"] == "StatefulSet"
    assert orchestrator.replicas == 3
    assert site["database"].startswith("postgresql+psycopg://wetread@postgres:5432/")
    assert orchestrator.claims == []
    assert {"POSTGRES_USER": "wetread", "POSTGRES_DB": "wetread"}.items() <= database.environment().items()
    assert (
        database.volume_at(database.environment()["POSTGRES_PASSWORD_FILE"])["secret"]
        == (orchestrator.volume_at(site["database_password_file"])["secret"])
    )
    assert database.environment()["PGDATA"].startswith(database.container["volumeMounts"][0]["mountPath"] + "/")


def test_on_sqlite_there_is_one_orchestrator_and_its_ledger_outlives_it(sites: dict[str, Rendered]) -> None:
    orchestrator = sites["dev"].pods["orchestrator"]
    read = yaml.safe_load(sites["dev"].configuration("site", "site.yaml"))
    (folder,) = [one["mountPath"] for one in orchestrator.container["volumeMounts"] if one["name"] == "ledger"]

    assert "database" not in read
    assert settings.Site.model_fields["database"].default == f"sqlite:///{folder}/wetread.db"
    assert orchestrator.replicas == 1
    assert orchestrator.claims == ["ledger"]


def test_an_orchestrator_has_the_time_that_it_takes_to_hand_over(site: Rendered) -> None:
    """Its work has `STOP_WITHIN_S`; what it has open besides (HTTP, gRPC, database) as long again."""
    assert site.pods["orchestrator"].spec["terminationGracePeriodSeconds"] > 2 * STOP_WITHIN_S


def test_a_model_has_the_time_that_its_longest_predict_takes(site: Rendered, example: Pod) -> None:
    for model in [*site.models, example]:
        declared = yaml.safe_load((ROOT / f"services/{model.name}/model.yaml").read_text(encoding="utf-8"))
        drain_s = float(model.environment()["WETREAD_DRAIN_S"])

        assert declared["limits"]["deadline_s"] < drain_s < model.spec["terminationGracePeriodSeconds"], model.name


def test_what_runs_more_than_once_is_spread_and_may_be_moved_one_by_one(site: Rendered) -> None:
    scaled = {one["spec"]["scaleTargetRef"]["name"] for one in site.of_kind("HorizontalPodAutoscaler").values()}
    several = [pod for pod in site.pods.values() if pod.name in scaled or (pod.replicas or 1) > 1]
    budgets = [one["spec"] for one in site.of_kind("PodDisruptionBudget").values()]

    for pod in several:
        (spread,) = pod.spec["topologySpreadConstraints"]
        assert spread["labelSelector"]["matchLabels"].items() <= pod.labels.items()
        assert spread["whenUnsatisfiable"] == "ScheduleAnyway", "one node must do"
        (budget,) = [one for one in budgets if one["selector"]["matchLabels"].items() <= pod.labels.items()]
        assert budget["maxUnavailable"] == 1, pod.name
    assert {pod.name for pod in several} == (set() if site.pods["orchestrator"].replicas == 1 else _SEVERAL)


_SEVERAL = {"orchestrator", "brdensity"}


def test_models_are_counted_by_the_autoscaler_alone_and_by_their_queue(whole: Rendered) -> None:
    ((name, autoscaler),) = whole.of_kind("HorizontalPodAutoscaler").items()
    target = autoscaler["spec"]["scaleTargetRef"]
    (metric,) = [one["external"]["metric"] for one in autoscaler["spec"]["metrics"]]
    declared = yaml.safe_load((ROOT / f"services/{target['name']}/model.yaml").read_text(encoding="utf-8"))

    assert whole.pods[target["name"]].workload["kind"] == target["kind"]
    assert whole.pods[name].replicas is None, "else each `kubectl apply` would undo what it has counted"
    assert metric["name"] == metrics.QUEUE._name
    assert metric["selector"]["matchLabels"] == {"model": declared["name"]}
    assert set(metric["selector"]["matchLabels"]) == set(metrics.QUEUE._labelnames)
    assert f"as: {metric['name']}" in INSTALL, "the adapter's rule"


def test_a_model_on_a_gpu_asks_for_one_and_gives_it_back_before_the_next_takes_it(whole: Rendered) -> None:
    model = whole.pods["brdensity"]
    resources = model.container["resources"]

    assert resources["requests"]["nvidia.com/gpu"] == resources["limits"]["nvidia.com/gpu"] == "1"
    assert model.container["image"].endswith("-gpu")
    assert model.workload["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0}


@pytest.mark.parametrize("name", ["production", EVERYTHING])
def test_production_speaks_to_models_under_mutual_tls(sites: dict[str, Rendered], name: str, example: Pod) -> None:
    environment = sites[name].of_kind("ConfigMap")["model-tls"]["data"]
    tls = yaml.safe_load(sites[name].configuration("site", "site.yaml"))["models"]["tls"]

    assert set(environment) == {"WETREAD_TLS_CERTIFICATE", "WETREAD_TLS_KEY", "WETREAD_TLS_CLIENT_CA"}
    assert set(tls) == {"ca_file", "certificate_file", "key_file"}
    for model in [*sites[name].models, example]:
        (source,) = model.container["envFrom"]
        assert source["configMapRef"]["name"] == "model-tls"
        for path in environment.values():
            assert Path(path).name in _keys(model.volume_at(path)["secret"]["secretName"])
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert "httpGet" in model.container[kind], "the kubelet has no certificate"


def test_without_tls_models_are_asked_over_grpc(sites: dict[str, Rendered]) -> None:
    for model in sites["dev"].models:
        assert {model.container[kind]["grpc"]["port"] for kind in ("startupProbe", "readinessProbe")} == {50051}
        assert "envFrom" not in model.container


def test_a_ledger_moves_from_the_volume_of_dev_to_the_database_of_production(
    sites: dict[str, Rendered], tmp_path: Path
) -> None:
    configuration, job = load(K8S / "examples/move-ledger.yaml")
    before, after, moving = sites["dev"].pods["orchestrator"], sites["production"].pods["orchestrator"], Pod(job)
    site = yaml.safe_load(sites["production"].configuration("site", "site.yaml"))
    told = yaml.safe_load(configuration["data"]["site.yaml"])
    password = told["database_password_file"]

    assert moving.container["args"] == ["migrate", "--from", settings.Site.model_fields["database"].default]
    assert (
        moving.volume_at("/var/lib/wetread")["persistentVolumeClaim"]["claimName"]
        == f"{before.claims[0]}-orchestrator-0"
    )
    assert {told[key] == site[key] for key in ("database", "database_password_file")} == {True}
    assert moving.volume_at(password)["secret"] == after.volume_at(password)["secret"]
    assert moving.labels == after.labels, "the network policies let it through"
    assert moving.container["image"] == after.container["image"]
    (tmp_path / "password").write_text("secret", encoding="utf-8")
    local = configuration["data"]["site.yaml"].replace(password, str(tmp_path / "password"))
    assert settings.parse(local.encode(), tmp_path / "site.yaml").database == told["database"]


def test_prometheus_scrapes_names_and_ports_that_are_there(sites: dict[str, Rendered]) -> None:
    site = sites["production"]
    scraped = yaml.safe_load(site.configuration("prometheus", "prometheus.yml"))["scrape_configs"]
    found = {
        (name, discovered["port"])
        for job in scraped
        for discovered in job.get("dns_sd_configs", [])
        for name in discovered["names"]
    }
    services = site.of_kind("Service")

    assert found == {("orchestrator", 8080), ("models", 3000)}
    for name, port in found:
        assert port in [one["port"] for one in services[name]["spec"]["ports"]]
        assert services[name]["spec"]["clusterIP"] == "None", "every pod is scraped, not one of them"
        assert services[name]["spec"]["publishNotReadyAddresses"], "a pod in trouble is scraped too"


def test_a_model_is_added_by_one_short_manifest(example: Pod) -> None:
    lines = [line for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]

    assert len(load(EXAMPLE)) == 1
    assert len(lines) <= 50
    assert example.is_model
    assert all(
        one[kind]["optional"]
        for one, kind in [
            (example.container["envFrom"][0], "configMapRef"),
            (example.volume_at("/run/secrets/model"), "secret"),
        ]
    ), "it works with and without mutual TLS"
    assert f"kubectl apply --filename {EXAMPLE.relative_to(ROOT)}" in INSTALL


def test_every_folder_of_manifests_is_rendered_here() -> None:
    from tests.manifests import COMPONENTS  # noqa: PLC0415 - only here

    assert sorted(COMPONENTS) == sorted(path.name for path in (K8S / "components").iterdir())
    assert sorted(OVERLAYS) == sorted(path.name for path in (K8S / "overlays").iterdir())

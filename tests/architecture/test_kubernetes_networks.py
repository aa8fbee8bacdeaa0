"""NetworkPolicies allow the connections of docs/architecture.md, and no others."""

from __future__ import annotations

from tests.manifests import K8S, Pod, Rendered, Renderer, load
from tests.network_rules import ANYWHERE, NAMES, Arrow, arrows

ARROWS = {
    Arrow("orchestrator", "orthanc", 8042),
    Arrow("orchestrator", "brdensity", 50051),
    Arrow("orchestrator", "pixelstats", 50051),
    Arrow("orchestrator", "postgres", 5432),
    Arrow("prometheus", "orchestrator", 8080),
    Arrow("prometheus", "brdensity", 3000),
    Arrow("prometheus", "pixelstats", 3000),
    Arrow("prometheus", "orthanc", 8042),
    *(Arrow(name, NAMES, 53) for name in ("orchestrator", "prometheus", "orthanc")),
    Arrow(ANYWHERE, "orthanc", 4242),
    Arrow(ANYWHERE, "prometheus", 9090),
    *(Arrow("orthanc", ANYWHERE, port) for port in (104, 2762, 11112)),
}
"""docs/architecture.md's, the database, Prometheus, and names. The example model needs no policy of its own."""
TRACED = {
    *(Arrow(name, "otel-collector", 4318) for name in ("orchestrator", "brdensity", "pixelstats")),
    *(Arrow(name, NAMES, 53) for name in ("brdensity", "pixelstats")),
}


def test_pods_may_speak_as_the_architecture_says_and_no_other_way(sites: dict[str, Rendered], example: Pod) -> None:
    site = sites["production"]

    assert arrows(site.of_kind("NetworkPolicy").values(), [*site.pods.values(), example]) == ARROWS


def test_traces_add_the_way_to_their_collector_and_nothing_else(whole: Rendered, example: Pod) -> None:
    policies = [*whole.of_kind("NetworkPolicy").values()]
    collector = Pod({**example.workload, "metadata": {"name": "otel-collector"}, "spec": {"template": _COLLECTOR}})
    found = arrows(policies, [*whole.pods.values(), example, collector])

    assert found == ARROWS | TRACED
    for pod in (whole.pods["orchestrator"], *whole.models):
        assert pod.environment()["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://otel-collector:4318"


_COLLECTOR = {"metadata": {"labels": {"app.kubernetes.io/name": "otel-collector"}}, "spec": {}}


def test_traces_close_no_way_where_there_are_no_policies(renderer: Renderer) -> None:
    """A policy for what a pod sends would forbid all that it does not name."""
    policies = renderer.render("dev", ["traces"]).of_kind("NetworkPolicy").values()

    assert [one["spec"]["policyTypes"] for one in policies] == [["Ingress"]]


def test_what_stands_outside_the_cluster_is_reached_by_the_orchestrator_alone(sites: dict[str, Rendered]) -> None:
    (policy,) = load(K8S / "examples/outside.yaml")
    selected = [
        pod.name
        for pod in sites["production"].pods.values()
        if policy["spec"]["podSelector"]["matchLabels"].items() <= pod.labels.items()
    ]

    assert selected == ["orchestrator"]
    assert policy["spec"]["policyTypes"] == ["Egress"]
    assert [one["ports"][0]["port"] for one in policy["spec"]["egress"]] == [8042, 5432]

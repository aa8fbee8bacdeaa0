"""Which pods may speak to which under NetworkPolicies, as a cluster would decide it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.manifests import Manifest, Pod

ANYWHERE = "anywhere"
NAMES = "names"
"""The cluster's DNS."""


@dataclass(frozen=True, order=True)
class Arrow:
    """A connection that may be opened."""

    source: str
    target: str
    port: int


def arrows(policies: Iterable[Manifest], pods: Iterable[Pod]) -> set[Arrow]:
    """All connections that both ends allow, between these pods and to or from the world.

    A pod that no policy selects for a direction is open in that direction; here that is an error, so that nothing is
    open by mistake.
    """
    known = {pod.name: pod.labels for pod in pods}
    leaving = {name: _allowed(policies, labels, known, "Egress") for name, labels in known.items()}
    coming = {name: _allowed(policies, labels, known, "Ingress") for name, labels in known.items()}
    inside = {
        Arrow(source, target, port)
        for source, ways in leaving.items()
        for target, port in ways
        if target in known and {(source, port), (ANYWHERE, port)} & coming[target]
    }
    out = {Arrow(source, target, port) for source, ways in leaving.items() for target, port in ways - _to(known, ways)}
    into = {Arrow(ANYWHERE, target, port) for target, ways in coming.items() for who, port in ways if who == ANYWHERE}
    return inside | out | into


def _to(known: Iterable[str], ways: set[tuple[str, int]]) -> set[tuple[str, int]]:
    return {(target, port) for target, port in ways if target in set(known)}


def _allowed(
    policies: Iterable[Manifest], labels: dict[str, str], known: dict[str, dict[str, str]], direction: str
) -> set[tuple[str, int]]:
    mine = [one["spec"] for one in policies if _selects(one["spec"]["podSelector"], labels)]
    isolating = [spec for spec in mine if direction in spec["policyTypes"]]
    assert isolating, f"{labels}: open for {direction}"
    peers = "to" if direction == "Egress" else "from"
    return {
        (who, port["port"])
        for spec in isolating
        for rule in spec.get(direction.lower(), [])
        for port in rule["ports"]
        for who in _who(rule.get(peers), known)
    }


def _who(peers: list[Manifest] | None, known: dict[str, dict[str, str]]) -> set[str]:
    if peers is None:
        return {ANYWHERE}
    found: set[str] = set()
    for peer in peers:
        if "namespaceSelector" in peer:
            assert peer["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}
            found.add(NAMES)
        else:
            found |= {name for name, labels in known.items() if _selects(peer["podSelector"], labels)}
    return found


def _selects(selector: Manifest, labels: dict[str, str]) -> bool:
    exact = selector.get("matchLabels", {}).items() <= labels.items()
    return exact and all(
        one["operator"] == "In" and labels.get(one["key"]) in one["values"]
        for one in selector.get("matchExpressions", [])
    )

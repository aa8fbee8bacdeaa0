"""The Pod Security Standard "restricted", as an API server's admission applies it to a pod.

https://kubernetes.io/docs/concepts/security/pod-security-standards: each check is one row of its tables, "baseline"
included. A cluster is the judge; this says beforehand what it will say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.manifests import Manifest

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_HOST = ("hostNetwork", "hostPID", "hostIPC")
_SECCOMP = {"RuntimeDefault", "Localhost"}


def violations(spec: Manifest) -> Iterator[str]:
    """What an API server would refuse about a pod."""
    pod = spec.get("securityContext", {})
    yield from (f"{name} is set" for name in _HOST if spec.get(name))
    yield from (f"{name} is set" for name in ("sysctls", "seLinuxOptions", "windowsOptions") if name in pod)
    for volume in spec.get("volumes", []):
        yield from (f"volume {volume['name']}: {kind}" for kind in volume.keys() - {"name"} - _VOLUMES)
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        yield from (f"{container['name']}: {problem}" for problem in _of_container(container, pod))


def _of_container(container: Manifest, pod: Manifest) -> Iterator[str]:
    own = container.get("securityContext", {})
    effective = pod | own
    capabilities = own.get("capabilities", {})
    forbidden = {
        "may escalate privileges": own.get("allowPrivilegeEscalation") is not False,
        "is privileged": own.get("privileged"),
        "keeps capabilities": "ALL" not in capabilities.get("drop", []),
        "adds capabilities": set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"},
        "may run as root": effective.get("runAsNonRoot") is not True,
        "runs as root": effective.get("runAsUser") == 0,
        "has no seccomp profile": effective.get("seccompProfile", {}).get("type") not in _SECCOMP,
        "sees all of /proc": own.get("procMount", "Default") != "Default",
        "takes a port of the host": any("hostPort" in port for port in container.get("ports", [])),
    }
    return (problem for problem, found in forbidden.items() if found)

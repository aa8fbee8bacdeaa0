"""Kubernetes' manifests as a cluster gets them: rendered by `kubectl kustomize`, looked at without one."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

K8S = Path(__file__).parents[1] / "k8s"
OVERLAYS = ("dev", "production")
COMPONENTS = (
    "mutual-tls",
    "network-policies",
    "monitoring",
    "postgres",
    "model-replicas",
    "gpu",
    "autoscaling",
    "traces",
)
"""In the order in which an overlay names them."""
EVERYTHING = "production with every component"
EXAMPLE = K8S / "examples/pixelstats.yaml"

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """What a workload starts."""

    workload: Manifest

    @property
    def name(self) -> str:
        """The workload's."""
        name: str = self.workload["metadata"]["name"]
        return name

    @property
    def replicas(self) -> int | None:
        """How many are asked for; None where somebody else counts."""
        replicas: int | None = self.workload["spec"].get("replicas")
        return replicas

    @property
    def labels(self) -> dict[str, str]:
        """Its labels."""
        labels: dict[str, str] = self.workload["spec"]["template"]["metadata"]["labels"]
        return labels

    @property
    def spec(self) -> Manifest:
        """Its specification."""
        spec: Manifest = self.workload["spec"]["template"]["spec"]
        return spec

    @property
    def container(self) -> Manifest:
        """Its only container."""
        (container,) = self.spec["containers"]
        found: Manifest = container
        return found

    @property
    def is_model(self) -> bool:
        """Whether the Service of all models has it."""
        return self.labels.get("wetread/model") == "true"

    @property
    def claims(self) -> list[str]:
        """Names of the volumes that outlive it."""
        return [one["metadata"]["name"] for one in self.workload["spec"].get("volumeClaimTemplates", [])]

    def volume_at(self, path: str) -> Manifest:
        """The volume that holds a file."""
        mounts = {one["mountPath"]: one["name"] for one in self.container["volumeMounts"]}
        (name,) = {name for place, name in mounts.items() if path == place or path.startswith(place + "/")}
        (volume,) = [one for one in self.spec["volumes"] if one["name"] == name]
        found: Manifest = volume
        return found

    def environment(self) -> dict[str, str]:
        """Its own variables."""
        return {one["name"]: one.get("value", "") for one in self.container.get("env", [])}


@dataclass(frozen=True)
class Rendered:
    """Everything that one overlay applies."""

    text: str

    @cached_property
    def manifests(self) -> list[Manifest]:
        """One for each object."""
        return [one for one in yaml.load_all(self.text, yaml.CSafeLoader) if one]

    def of_kind(self, kind: str) -> dict[str, Manifest]:
        """By name."""
        return {one["metadata"]["name"]: one for one in self.manifests if one["kind"] == kind}

    @property
    def pods(self) -> dict[str, Pod]:
        """By name of the workload."""
        return {pod.name: pod for pod in pods(self.manifests)}

    @property
    def models(self) -> list[Pod]:
        """The pods that are models."""
        return [pod for pod in self.pods.values() if pod.is_model]

    def configuration(self, of: str, file: str) -> str:
        """A file of a generated ConfigMap."""
        (found,) = [one for name, one in self.of_kind("ConfigMap").items() if name.startswith(f"{of}-")]
        text: str = found["data"][file]
        return text


def pods(manifests: Iterable[Manifest]) -> Iterator[Pod]:
    """The pods of all workloads among these."""
    return (Pod(one) for one in manifests if one["kind"] in {"Deployment", "StatefulSet", "Job"})


def load(file: Path) -> list[Manifest]:
    """The objects in a manifest that is applied as it is."""
    return [one for one in yaml.safe_load_all(file.read_text(encoding="utf-8")) if one]


class Renderer:
    """Renders overlays, also with components that a site might add."""

    def __init__(self, folder: Path) -> None:
        """Skips the test where there is no kubectl."""
        self._kubectl = shutil.which("kubectl") or str(K8S.parent / ".tools/bin/kubectl")
        if not Path(self._kubectl).exists():
            pytest.skip("there is no kubectl to render manifests with. Type:  demo/host-packages kubectl")
        self._folder = folder / "k8s"
        shutil.copytree(K8S, self._folder)

    def render(self, overlay: str, added: Iterable[str] = ()) -> Rendered:
        """An overlay with these components after its own."""
        name = "-".join((overlay, *added))
        copied = self._folder / "overlays" / name
        if added and not copied.exists():
            shutil.copytree(K8S / "overlays" / overlay, copied)
            file = copied / "kustomization.yaml"
            own = yaml.safe_load(file.read_text(encoding="utf-8"))
            used = {Path(one).name for one in own.get("components", [])} | set(added)
            own["components"] = [f"../../components/{one}" for one in COMPONENTS if one in used]
            file.write_text(yaml.safe_dump(own), encoding="utf-8")
        done = subprocess.run([self._kubectl, "kustomize", copied], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{name}: {done.stderr}"
        return Rendered(done.stdout)

    def sites(self) -> dict[str, Rendered]:
        """The overlays as they are, and production with everything."""
        return {one: self.render(one) for one in OVERLAYS} | {EVERYTHING: self.render("production", COMPONENTS)}

    def combinations(self) -> dict[str, Rendered]:
        """`dev` with every component, with every two, and with all: patches meet in pairs."""
        sets = [chosen for number in (1, 2, len(COMPONENTS)) for chosen in combinations(COMPONENTS, number)]
        return {"dev + " + " + ".join(chosen): self.render("dev", chosen) for chosen in sets}

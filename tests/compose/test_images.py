"""What is in the images, and what is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.compose.site import BUILDER, ROOT, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

ORCHESTRATOR_MB = 250
NAMES = ("orchestrator", "brdensity", "pixelstats")
FORBIDDEN = ("pip", "uv", "gcc", "cc", "make", "apt-get", "dpkg", "perl", "strip")

pytestmark = pytest.mark.usefixtures("images")


def _image(name: str) -> dict[str, Any]:
    (found,) = json.loads(run("docker", "image", "inspect", f"wetread/{name}:0.1.0"))
    return dict(found)


def _inside(name: str, program: str) -> str:
    hardened = ("--rm", "--read-only", "--tmpfs", "/tmp", "--network", "none", "--cap-drop", "ALL")  # noqa: S108
    return run("docker", "run", *hardened, "--entrypoint", "sh", f"wetread/{name}:0.1.0", "-c", program)


def test_the_orchestrator_is_small(record_property: Callable[[str, object], None]) -> None:
    sizes = {name: round(_image(name)["Size"] / 1e6) for name in NAMES}
    for name, size in sizes.items():
        record_property(f"{name}_mb", size)

    assert sizes["orchestrator"] < ORCHESTRATOR_MB


@pytest.mark.parametrize("name", NAMES)
def test_an_image_says_what_it_is_and_runs_as_nobody(name: str) -> None:
    configuration = _image(name)["Config"]

    assert configuration["User"] == "10001:10001"
    assert configuration["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert configuration["Labels"].keys() >= {
        "org.opencontainers.image.version",
        "org.opencontainers.image.revision",
        "org.opencontainers.image.base.name",
    }
    assert configuration["Healthcheck"]["Timeout"] > 0
    assert "readyz" in " ".join(configuration["Healthcheck"]["Test"])


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_an_image_builds_or_installs(name: str) -> None:
    tools = _inside(name, f"for tool in {' '.join(FORBIDDEN)}; do command -v $tool; done; true")
    pip = _inside(name, "python -m pip 2>&1 | tail -n 1")

    assert tools == ""
    assert "No module named pip" in pip


@pytest.mark.parametrize("name", NAMES)
def test_the_bill_of_materials_is_what_is_installed(name: str) -> None:
    listed = json.loads(_inside(name, "cat /usr/share/wetread/sbom.cdx.json"))["components"]
    program = "import importlib.metadata as m; print(*{d.name.lower().replace('_', '-') for d in m.distributions()})"
    installed = set(_inside(name, f'python -c "{program}"').split())

    names = {component["name"].lower().replace("_", "-") for component in listed}
    ours = {"wetread", f"wetread-{name}"}
    assert len(installed) > 20
    assert installed - names - ours == set()


@pytest.mark.parametrize("name", NAMES)
def test_debian_s_packages_are_listed_without_the_builder_s(name: str) -> None:
    packages = {line.split()[0] for line in _inside(name, "cat /usr/share/wetread/os-packages.txt").splitlines()}

    assert "libc6" in packages
    assert "binutils" not in packages


def test_the_same_inputs_give_the_same_image() -> None:
    """Its digest is over all layers and the configuration."""
    first = _image("pixelstats")
    compose = ("docker", "compose", "--project-name", BUILDER, "--file", ROOT / "compose/compose.yaml")

    run(*compose, "--profile", "pixelstats", "build", "--no-cache", "pixelstats", timeout_s=1200)

    second = _image("pixelstats")
    assert second["RootFS"]["Layers"] == first["RootFS"]["Layers"]
    assert second["Id"] == first["Id"]

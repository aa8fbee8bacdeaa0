"""The project's own source as the architecture tests see it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from tests.manifests import EVERYTHING, EXAMPLE, OVERLAYS, Pod, Rendered, Renderer, load, pods

ROOT = Path(__file__).parents[2]
PRODUCT = ("orchestrator/src", "proto/src/wetread_contract", "services/sdk/src", "services/brdensity/src")
GENERATED = "proto/src/wetread/v1"


@dataclass(frozen=True)
class Module:
    """One source file."""

    path: Path

    @property
    def name(self) -> str:
        """The path below the project's root."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        """The source."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)


def modules(*folders: str) -> list[Module]:
    """The modules below these folders of the project."""
    return [Module(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.fixture(scope="session")
def product() -> list[Module]:
    """Everything that is shipped, without generated code."""
    return modules(*PRODUCT)


@pytest.fixture(scope="session")
def everything() -> list[Module]:
    """Everything that people wrote."""
    return modules(*PRODUCT, "demo", "bench", "tests")


@pytest.fixture(scope="session")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Renderer:
    return Renderer(tmp_path_factory.mktemp("rendered"))


@pytest.fixture(scope="session")
def sites(renderer: Renderer) -> dict[str, Rendered]:
    return renderer.sites()


@pytest.fixture(params=[*OVERLAYS, EVERYTHING])
def site(sites: dict[str, Rendered], request: pytest.FixtureRequest) -> Rendered:
    name: str = request.param
    return sites[name]


@pytest.fixture
def whole(sites: dict[str, Rendered]) -> Rendered:
    return sites[EVERYTHING]


@pytest.fixture(scope="session")
def example() -> Pod:
    (pod,) = pods(load(EXAMPLE))
    return pod

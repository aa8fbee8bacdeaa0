"""The published exam and model of nyukat/breast_density_classifier, which are not part of the project."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from demo.services import SCRIPTS, ModelService

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("WETREAD_SHARED", ROOT.parent / "shared")) / "data/nyu-density"
PROBABILITIES = {"A": 0.0819444, "B": 0.78304, "C": 0.133503, "D": 0.00151265}
"""As published for the exam."""


def require() -> None:
    """Skips, loudly, without the data."""
    if not DATA.is_dir():
        pytest.skip(f"needs the published model and exam in {DATA}; set WETREAD_SHARED to the folder with data/")


def imported(folder: Path) -> ModelService:
    """The model service, with the published weights in a model store of its own."""
    require()
    store = folder / "bentoml"
    store.mkdir()
    environment = {**os.environ, "BENTOML_HOME": str(store), "BENTOML_DO_NOT_TRACK": "True"}
    subprocess.run([SCRIPTS / "brdensity", "import", DATA], check=True, env=environment)
    declaration = ROOT / "services/brdensity/declarations/nyu-histogram.yaml"
    return ModelService(folder, name="published", environment={"WETREAD_DECLARATION": str(declaration)})


def wrapped(folder: Path) -> list[Path]:
    """The exam's four views as DICOM files."""
    require()
    subprocess.run([SCRIPTS / "brdensity", "wrap", DATA, "--out", folder], check=True)
    return sorted(folder.glob("*.dcm"))

"""`python -m bench.idle`: how much of a core the orchestrator takes when nothing comes, with 20 models registered."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from demo.orthanc import Orthanc
from demo.services import Orchestrator

from bench import processor
from bench.any_model import DECLARATION, AnyModel
from wetread_sdk import Settings
from wetread_sdk.serving import running

MODELS = 20
SECONDS = 60.0
AIM = 0.05
_AS_SHIPPED = "3s"
"""`models.refresh` when the site file does not say it; the demonstration asks more often."""


def main() -> None:
    """Starts everything, waits until all models are known, and reads the kernel's count of processor time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=MODELS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    chosen = parser.parse_args()
    with TemporaryDirectory(prefix="wetread-idle-") as folder, ExitStack() as started:
        share = _share(Path(folder), started, chosen.models, chosen.seconds)
    sys.stdout.write(f"{chosen.models} models, {chosen.seconds:.0f} s: {share:.1%} of a core (aim: below {AIM:.0%})\n")


def _share(folder: Path, started: ExitStack, models: int, seconds: float) -> float:
    addresses = tuple(_serve(folder, started, number) for number in range(models))
    orthanc = Orthanc(folder / "orthanc")
    started.callback(orthanc.stop)
    orthanc.start()
    orchestrator = Orchestrator(folder / "orchestrator", orthanc, addresses, models={"refresh": _AS_SHIPPED})
    started.callback(orchestrator.stop)
    events = orchestrator.start()
    for number in range(models):
        events.wait_for("model_registered", model=_name(number))
    if orchestrator.pid is None:
        raise RuntimeError("the orchestrator has ended")
    before, began = processor.used_s(orchestrator.pid), time.monotonic()
    time.sleep(seconds)
    return (processor.used_s(orchestrator.pid) - before) / (time.monotonic() - began)


def _serve(folder: Path, started: ExitStack, number: int) -> str:
    """The address of a model of its own name, served from a thread of this process."""
    place = folder / _name(number)
    place.mkdir()
    declaration = place / "model.yaml"
    declaration.write_text(
        DECLARATION.read_text(encoding="utf-8").replace("name: anything", f"name: {_name(number)}"), encoding="utf-8"
    )
    settings = Settings(declaration=declaration, grpc_host="127.0.0.1", grpc_port=0, http_port=0, spool_dir=place)
    return started.enter_context(running(AnyModel(), settings)).address


def _name(number: int) -> str:
    return f"anything-{number}"


if __name__ == "__main__":
    main()

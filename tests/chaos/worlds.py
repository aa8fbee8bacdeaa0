"""What is attacked: one machine with SQLite on a small disk, or three replicas on one PostgreSQL."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from bench.model import DECLARATION
from demo.orthanc import Orthanc, OrthancSettings
from demo.postgres import Postgres
from demo.services import ModelService, Orchestrator
from tests.chaos.monkey import Tempo, World
from tests.nursery import ROOT
from tests.small_disk import SmallDisk
from tests.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.nursery import Nursery

ORTHANC = OrthancSettings(stable_age_s=1, saves_jobs=False)
"""What it was modifying when it was killed is not gone on with behind the back of whoever asks again."""
REPLICAS = 3
MODELS = 2
QUICK = {"watch": {"reconcile": "2s"}, "retry": {"first": "200ms", "most": "1s"}, "disk_reserve": "4MB"}


@contextmanager
def one_machine(folder: Path, nursery: Nursery, longest_pause_s: float) -> Iterator[World]:
    """Not started. Wires run to Orthanc and model; the ledger lies on a small disk where this user may mount one."""
    with ExitStack() as parts:
        orthanc = Orthanc(folder / "orthanc", ORTHANC)
        model = _model(folder, "model", nursery)
        wires = [
            parts.enter_context(Wire(orthanc.http_port, "Orthanc")),
            parts.enter_context(Wire(model.grpc_port, "model")),
        ]
        disk = SmallDisk(folder / "disk", megabytes=512)
        may_fill = not disk.mount()
        parts.callback(disk.unmount)
        file = (disk.folder if may_fill else folder) / "wetread.db"
        site = {**QUICK, "orthanc": {"url": f"http://{wires[0].address}"}, "database": f"sqlite:///{file}"}
        orchestrator = Orchestrator(folder / "orchestrator", orthanc, (wires[1].address,), **site)
        orchestrator.begin = nursery.begin
        tempo = Tempo(longest_pause_s, longest_freeze_s=4.0, longest_stall_s=3.0)
        starving = disk if may_fill else None
        world = World([orchestrator], [model], orthanc, f"sqlite:///{file}", tempo, wires=wires, disk=starving)
        parts.callback(world.kill)
        yield world


@contextmanager
def replicas(folder: Path, nursery: Nursery, longest_pause_s: float) -> Iterator[World]:
    """Not started. Each replica has a wire of its own to PostgreSQL: it may lose the database alone."""
    with ExitStack() as parts:
        postgres = Postgres()
        parts.callback(postgres.remove)
        postgres.start()
        address = postgres.make("chaos")
        orthanc = Orthanc(folder / "orthanc", ORTHANC)
        models = [_model(folder, f"model-{number}", nursery) for number in range(MODELS)]
        shared = [
            parts.enter_context(Wire(orthanc.http_port, "Orthanc")),
            *(parts.enter_context(Wire(model.grpc_port, "model")) for model in models),
        ]
        own = [parts.enter_context(Wire(postgres.port, "PostgreSQL")) for _ in range(REPLICAS)]
        orchestrators = []
        for number, wire in enumerate(own):
            site = {
                **QUICK,
                "orthanc": {"url": f"http://{shared[0].address}"},
                "database": address.replace(f":{postgres.port}", f":{wire.port}"),
                "database_password_file": str(postgres.password_file),
            }
            endpoints = tuple(one.address for one in shared[1:])
            orchestrators.append(Orchestrator(folder / f"replica-{number}", orthanc, endpoints, **site))
            orchestrators[-1].begin = nursery.begin
        tempo = Tempo(longest_pause_s, longest_freeze_s=12.0, longest_stall_s=10.0)
        world = World(orchestrators, models, orthanc, postgres.url("chaos"), tempo, postgres, [*shared, *own])
        parts.callback(world.kill)
        yield world


def _model(folder: Path, name: str, nursery: Nursery) -> ModelService:
    program = (sys.executable, "-m", "bench.model")
    environment = {"WETREAD_DECLARATION": str(DECLARATION), "PYTHONPATH": str(ROOT)}
    model = ModelService(folder / name, name=name, program=program, environment=environment)
    model.begin = nursery.begin
    return model

"""The commands of brdensity: what they are given and what they say; the work is done elsewhere.

TensorFlow is imported by the commands that need it: it takes seconds.
"""
# ruff: noqa: PLC0415 - see above

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydicom.uid import ExplicitVRLittleEndian as Uncompressed
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from brdensity import store
from brdensity.assets import committed_weights, home
from wetread_sdk import logs

if TYPE_CHECKING:
    from brdensity.evaluation import Confusion

application = typer.Typer(
    name="brdensity",
    help="BI-RADS breast density (A to D) from the four standard mammography views, served to Wetread.\n\n"
    "The committed weights are a demonstration, trained on synthetic phantoms: not for clinical use.\n\n"
    "To see it work: `brdensity serve` in one terminal, `brdensity phantom --grade C --out exam` in another, then send "
    "`exam/*.dcm` to the Orthanc that Wetread watches. The published model instead: `brdensity import FOLDER`, then "
    "`WETREAD_DECLARATION=…/declarations/nyu-histogram.yaml brdensity serve`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
)
screen = Console(stderr=True)


class Grade(StrEnum):
    """BI-RADS density."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Compression(StrEnum):
    """Transfer syntaxes that a phantom can be written in."""

    NONE = "none"
    RLE = "rle"
    JPEG_LS = "jpeg-ls"
    JPEG_2000 = "jpeg-2000"


SYNTAXES = {
    Compression.NONE: Uncompressed,
    Compression.RLE: RLELossless,
    Compression.JPEG_LS: JPEGLSLossless,
    Compression.JPEG_2000: JPEG2000Lossless,
}

QUIET = {"BENTOML_DO_NOT_TRACK": "True", "TF_CPP_MIN_LOG_LEVEL": "3"}
"""No usage reports to BentoML's makers from a hospital's machine, and no TensorFlow chatter among the JSON lines."""

Output = Annotated[Path, typer.Option("--out", help="Folder for the files; made if it is not there.")]


@application.command()
def serve() -> None:
    """Serve the model with BentoML until SIGTERM.

    Ready after 15 s, most of which TensorFlow takes. Settings are environment variables:

    - `WETREAD_GRPC_PORT`, 50051: ModelService, health and reflection, for the orchestrator.

    - `WETREAD_HTTP_PORT`, 3000: /readyz, /livez and /metrics, for whoever runs the container.

    - `WETREAD_DECLARATION`: which model. `model.yaml` (default) has the demonstration weights, which this command puts
      into the model store; `declarations/nyu-histogram.yaml` has the published ones, after `brdensity import`.

    - `BENTOML_HOME`, ~/bentoml: folder of the model store.

    - all others: `wetread_sdk/settings.py`.
    """
    logs.configure("INFO")
    logs.event(logging.getLogger("wetread_sdk.store"), logging.INFO, "weights_stored", tag=_keep())
    environment = {"WETREAD_DECLARATION": str(home() / "model.yaml")} | QUIET | os.environ
    port = environment.get("WETREAD_HTTP_PORT", "3000")
    command = [sys.executable, "-m", "bentoml", "serve", "brdensity.service:Service", "--port", port]
    os.execve(sys.executable, command, environment)  # noqa: S606 - BentoML takes this process's place


@application.command("store")
def keep() -> None:
    """Put the committed weights into BentoML's model store, after checking their SHA-256; twice does nothing.

    `brdensity serve` does it too.
    """
    screen.print(f"weights in the model store: [bold]{_keep()}[/]")


def _keep() -> str:
    """The tag under which the committed weights are in the model store now."""
    from brdensity.names import DEMONSTRATION

    weights = committed_weights()
    return store.put(DEMONSTRATION, weights, expected_sha256=store.pinned(weights), metadata={"stage": "demonstration"})


@application.command("import")
def import_published(
    folder: Annotated[Path, typer.Argument(help="Folder with model.ckpt.index and model.ckpt.data-00000-of-00001.")],
) -> None:
    """Put the published histogram model (nyukat/breast_density_classifier) into the model store.

    The files are in that repository under `saved_models/BreastDensity_BaselineHistogramModel`. Reads the TensorFlow
    checkpoint as a table of arrays: no pickle, no code from the file; any other weights are refused by their SHA-256.
    """
    import tempfile

    from brdensity import checkpoint, keras_file
    from brdensity.names import NYU_HISTOGRAM

    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / store.FILE
        keras_file.write(checkpoint.read(folder), path)
        origin = {"checkpoint_sha256": checkpoint.PUBLISHED_SHA256}
        tag = store.put(NYU_HISTOGRAM, path, expected_sha256=store.sha256(path), metadata=origin)
    screen.print(f"weights in the model store: [bold]{tag}[/]")


@application.command()
def train(
    out: Annotated[Path, typer.Option("--out", help="The .keras file; SHA256SUMS is written beside it.")] = Path(
        "brdensity-demonstration.keras"
    ),
    seed: Annotated[int, typer.Option(help="Decides everything that is random.")] = 20171113,
    breasts: Annotated[int, typer.Option(help="Phantoms to learn from; fewer are quicker and worse.")] = 9000,
    epochs: Annotated[int, typer.Option(help="How often each is seen.")] = 16,
) -> None:
    """Train the demonstration network on synthetic phantoms; about 7 minutes on two cores, 3.5 GB of memory.

    The same arguments give the same file, byte for byte, on the same kind of processor; without arguments, the
    committed one. Afterwards: `brdensity evaluate --weights FILE`.
    """
    from brdensity import keras_file, training

    recipe = training.Recipe(seed=seed, breasts=breasts, epochs=epochs)
    training.make_deterministic(recipe.seed)
    with _progress() as progress:
        drawing = progress.add_task("drawing phantoms", total=breasts)
        views = training.draw_views(recipe.seed, breasts, lambda done: progress.update(drawing, completed=done))
        learning = progress.add_task("learning", total=epochs)

        def on_epoch(epoch: int, loss: float) -> None:
            progress.update(learning, completed=epoch, description=f"learning, loss {loss:.3f}")

        network = training.train(recipe, views, on_epoch)
    keras_file.write(network, out)
    digest = store.sha256(out)
    (out.parent / "SHA256SUMS").write_text(f"{digest}  {out.name}\n")
    screen.print(f"{out}: {out.stat().st_size:,} bytes, SHA-256 {digest}")


@application.command()
def evaluate(
    weights: Annotated[Path | None, typer.Option(help="A .keras file; default: the committed one.")] = None,
    exams: Annotated[int, typer.Option(help="Held-out phantom exams.")] = 400,
    full_size: Annotated[bool, typer.Option(help="Draw them at 2048 × 1664, as they are sent; 3 s each.")] = False,
) -> None:
    """Grade held-out phantoms and print accuracy and confusion matrices, as in MODEL_CARD.md."""
    from brdensity import evaluation, keras_file
    from brdensity.phantoms import DETECTOR, TRAINING

    network = keras_file.read(weights or committed_weights())
    with _progress() as progress:
        task = progress.add_task("grading", total=exams)
        grid = DETECTOR if full_size else TRAINING
        found = evaluation.evaluate(network, exams, lambda done: progress.update(task, completed=done), grid)
    for what, confusion in (("views", found.views), ("studies", found.studies)):
        Console().print(_table(what, confusion, evaluation.accuracy(confusion)))


@application.command()
def phantom(
    *,
    out: Output,
    grade: Annotated[Grade, typer.Option(help="Density of the denser breast.")] = Grade.C,
    seed: Annotated[int, typer.Option(help="Another seed, other breasts and other UIDs.")] = 7,
    acquired_at: Annotated[
        datetime | None, typer.Option(help="Study date and time, UTC; default: now. Part of the UIDs.")
    ] = None,
    bits: Annotated[int, typer.Option(min=12, max=14, help="Bits stored.")] = 12,
    monochrome1: Annotated[bool, typer.Option(help="Store inverted.")] = False,
    compression: Annotated[Compression, typer.Option(help="Transfer syntax.")] = Compression.NONE,
) -> None:
    """Write a synthetic screening exam: four MG FOR PRESENTATION files of an invented patient, 2048 × 1664."""
    from brdensity.exam import ExamRequest, draw_exam, write_exam

    request = ExamRequest(
        grade=grade.value,
        seed=seed,
        acquired_at=(acquired_at or datetime.now(UTC).replace(microsecond=0)).replace(tzinfo=UTC),
        bits_stored=bits,
        monochrome1=monochrome1,
        transfer_syntax=SYNTAXES[compression],
    )
    with screen.status("drawing") as status:
        objects = draw_exam(request, lambda view: status.update(f"drawing {view}"))
    for path in write_exam(objects, out):
        Console().print(str(path), soft_wrap=True)


@application.command("wrap")
def wrap_pictures(
    folder: Annotated[Path, typer.Argument(help="Folder with L-CC.png, R-CC.png, L-MLO.png and R-MLO.png, 8 bit.")],
    out: Output,
) -> None:
    """Write four pictures of an exam as MG FOR PRESENTATION files, so that they can be sent like a study.

    For the exam that was published with the histogram model. Right views are turned round, as such images hang.
    """
    from brdensity.exam import write_exam
    from brdensity.wrapping import wrap

    for path in write_exam(wrap(folder, datetime.now(UTC).replace(microsecond=0)), out):
        Console().print(str(path), soft_wrap=True)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=screen
    )


def _table(what: str, confusion: Confusion, accuracy: float) -> Table:
    table = Table(title=f"{what}: {accuracy:.1%} of {confusion.sum()} right", title_justify="left")
    table.add_column("phantom is")
    for grade in Grade:
        table.add_column(f"read {grade}", justify="right")
    for grade, row in zip(Grade, confusion, strict=True):
        table.add_row(grade, *(str(count) for count in row))
    return table

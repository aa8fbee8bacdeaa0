"""The commands of brdensity: what they are given and what they say; the work is done elsewhere.

TensorFlow is imported by the commands that need it: it takes seconds.
"""
# ruff: noqa: PLC0415 - see above

from __future__ import annotations

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

if TYPE_CHECKING:
    from brdensity.evaluation import Confusion

application = typer.Typer(
    name="brdensity",
    help="BI-RADS breast density (A to D) from the four standard mammography views, served to Wetread. "
    "The committed weights are a demonstration, trained on synthetic phantoms: not for clinical use.",
    no_args_is_help=True,
    rich_markup_mode="rich",
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

    gRPC (ModelService, health, reflection) on WETREAD_GRPC_PORT, 50051; HTTP (/readyz, /livez, /metrics) on
    WETREAD_HTTP_PORT, 3000. WETREAD_DECLARATION chooses the model: model.yaml (demonstration weights, put into the
    model store by this command), or declarations/nyu-histogram.yaml (after `brdensity import`). BENTOML_HOME is the
    folder of the model store.
    """
    keep()
    environment = {"WETREAD_DECLARATION": str(home() / "model.yaml")} | QUIET | os.environ
    port = environment.get("WETREAD_HTTP_PORT", "3000")
    command = [sys.executable, "-m", "bentoml", "serve", "brdensity.service:Service", "--port", port]
    os.execve(sys.executable, command, environment)  # noqa: S606 - BentoML takes this process's place


@application.command("store")
def keep() -> None:
    """Put the committed weights into BentoML's model store, after checking their SHA-256; twice does nothing."""
    from brdensity.names import DEMONSTRATION

    weights = committed_weights()
    tag = store.put(DEMONSTRATION, weights, expected_sha256=store.pinned(weights), metadata={"stage": "demonstration"})
    screen.print(f"weights in the model store: [bold]{tag}[/]")


@application.command("import")
def import_published(
    folder: Annotated[Path, typer.Argument(help="Folder with model.ckpt.index and model.ckpt.data-00000-of-00001.")],
) -> None:
    """Put the published histogram model (nyukat/breast_density_classifier) into the model store.

    Reads the TensorFlow checkpoint as a table of arrays: no pickle, no code from the file.
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
    """Train the demonstration network on synthetic phantoms; about 6 minutes on two cores.

    The same arguments give the same file on the same kind of processor.
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
    """Write four pictures of an exam as MG FOR PRESENTATION files, so that they can be sent like a study."""
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

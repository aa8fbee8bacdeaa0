"""How long one study takes against many declarations: `python -m bench.matching`.

A CT study of 1,000 instances in three series, as Orthanc's JSON has it. Reading headers is part of
the time: every round makes new ones. Times are of the processor: matching is one thread that waits
for nothing, and what else the machine does is not its fault.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orchestrator.handoffs import Digest, ModelIdentity, RegisteredModel
from orchestrator.match.matcher import match
from wetread_contract.declaration import parse
from wetread_contract.headers import Headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROUNDS = 11
INSTANCES = 1000
MODALITIES = ("CT", "MR", "MG", "CR", "DX", "US", "PT", "NM", "XA", "RF")

DECLARATION = """
schema: 1
name: model-{number}
version: 1.0.0
title: Model {number}
stage: research
intended_use: Measures how long matching takes.
level: {level}
select:
  Modality: {modality}
  BodyPartExamined: {{one_of: [CHEST, "PART{number}"]}}
  SliceThickness: {{at_most: {thickness}}}
  ImageType: {{contains: ORIGINAL}}
  ConvolutionKernel[1]: {{matches: "B[0-9]{{2}}f"}}
  plane: axial
exclude:
  PatientAge: {{at_most: {age:03}Y}}
require:
  - count: {{at_least: 20}}
  - consistent: [Rows, Columns]
"""


def tags(number: int) -> dict[str, object]:
    """Return one instance as Orthanc's `/tags` has it."""
    series = number % 3
    plain = {
        "0008,0008": "ORIGINAL\\PRIMARY\\AXIAL",
        "0008,0016": "1.2.840.10008.5.1.4.1.1.2",
        "0008,0018": f"1.2.3.{series}.{number}",
        "0008,0020": "20240311",
        "0008,0022": "20240311",
        "0008,0032": f"0930{number % 60:02}",
        "0008,0060": "CT",
        "0010,1010": "057Y",
        "0018,0015": "CHEST",
        "0018,0050": str(1.0 + series),
        "0018,1210": "B30f",
        "0020,000d": "1.2.3",
        "0020,000e": f"1.2.3.{series}",
        "0020,0011": str(series),
        "0020,0013": str(number),
        "0020,0032": f"-125\\-125\\{number * 0.5:.2f}",
        "0020,0037": "1\\0\\0\\0\\1\\0",
        "0028,0010": "512",
        "0028,0011": "512",
    }
    return {tag: {"Name": tag, "Type": "String", "Value": value} for tag, value in plain.items()}


def models(count: int, *, of_ct: int, level: str) -> list[RegisteredModel]:
    """Return declarations of which some ask for CT and the rest for something else."""
    found = []
    for number in range(count):
        modality = "CT" if number < of_ct else MODALITIES[1 + number % (len(MODALITIES) - 1)]
        declaration = parse(
            DECLARATION.format(
                number=number, level=level, modality=modality, thickness=1 + number % 5 / 2, age=number % 18
            )
        )
        digest = Digest(declaration.sha256)
        identity = ModelIdentity(declaration.name, declaration.version, digest, digest)
        found.append(RegisteredModel(identity, declaration, datetime(2024, 3, 11, tzinfo=UTC)))
    return found


def median_ms(declared: list[RegisteredModel], study: list[dict[str, object]]) -> float:
    """Return the median processor time of a whole match, headers included, in ms."""
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        match(declared, [Headers.from_orthanc(one) for one in study])
        times.append((time.process_time() - started) * 1000)
    return statistics.median(times)


@dataclass(frozen=True, slots=True)
class Matching:
    """One study of 1,000 instances against some declarations."""

    declarations: int
    of_this_modality: int
    """The others are ruled out by the index."""
    level: str
    ms: float
    """Median processor time of a whole match, headers included."""


CASES = (
    (1, 1, "study"),
    (100, 10, "study"),
    (100, 100, "study"),
    (1000, 0, "study"),
    (1000, 50, "study"),
    (1000, 100, "series"),
    (1000, 1000, "study"),
)


def measured() -> Iterator[Matching]:
    """Return what each number of declarations takes."""
    study = [tags(number) for number in range(INSTANCES)]
    for count, of_ct, level in CASES:
        yield Matching(count, of_ct, level, median_ms(models(count, of_ct=of_ct, level=level), study))


def worst_ms(found: Iterable[Matching], declarations: int) -> float:
    """Return the slowest case with this many declarations."""
    return max(one.ms for one in found if one.declarations == declarations)


def main() -> None:
    """Print the figures."""
    for one in measured():
        sys.stdout.write(
            f"{INSTANCES} instances, {one.declarations:4} declarations "
            f"({one.of_this_modality:4} of this modality, level {one.level:6}): {one.ms:7.1f} ms\n"
        )


if __name__ == "__main__":
    main()

"""What Orthanc holds at the end, seen through its REST API alone: no word of the ledger is believed here."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from pydicom import dcmread
from pydicom.uid import SecondaryCaptureImageStorage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from demo.archive import Archive
    from pydicom import Dataset
    from tests.chaos.traffic import Exam

VIEWS_OF_A_RESULT = 4


def faults(archive: Archive, exams: Sequence[Exam]) -> Iterator[str]:
    """Every study that has not exactly one card and one report resting on what the study is now."""
    present = set(archive.get("/studies"))
    expected = {exam.study: exam for exam in exams if exam.stays}
    yield from (f"a study that nobody sent, or that was deleted: {study}" for study in present - set(expected))
    for study, exam in expected.items():
        if study not in present:
            yield f"{exam.name} ({exam.story}) is lost from Orthanc"
        else:
            yield from (f"{exam.name} ({exam.story}): {fault}" for fault in _study(archive, study, exam))


def _study(archive: Archive, study: str, exam: Exam) -> Iterator[str]:
    sources = [dcmread(BytesIO(archive.file(one)), stop_before_pixels=True) for one in archive.sources(study)]
    ours = [stored.dataset for stored in archive.results(study)]
    cards = [one for one in ours if one.SOPClassUID == SecondaryCaptureImageStorage]
    reports = [one for one in ours if "ContentSequence" in one]
    if len(sources) != exam.instances:
        yield f"{len(sources)} instances of its own instead of {exam.instances}"
    if (len(cards), len(reports), len(ours)) != (1, 1, 2):
        yield f"{len(cards)} cards and {len(reports)} reports among {len(ours)} objects"
    for report in reports:
        yield from _rests_on(report, sources)


def _rests_on(report: Dataset, sources: Sequence[Dataset]) -> Iterator[str]:
    """Whether a report rests on the latest picture of each view (PS3.3 C.17.2: its evidence)."""
    latest: dict[tuple[str, str], Dataset] = {}
    for source in sorted(sources, key=lambda one: str(one.AcquisitionTime)):
        latest[str(source.ImageLaterality), str(source.ViewPosition)] = source
    wanted = {str(source.SOPInstanceUID) for source in latest.values()}
    evidence = {
        str(item.ReferencedSOPInstanceUID)
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }
    if not wanted <= evidence or len(wanted) != VIEWS_OF_A_RESULT:
        yield f"its report rests on {len(wanted & evidence)} of the {len(wanted)} pictures that count"

"""Studies as a hospital sends them: whole, in pieces, deleted half-way, sent again; never giving up on an archive."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

import requests
from demo.waiting import until
from tests.dicom_factories import Person, as_file, four_view_study, mammogram

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from demo.archive import Archive

Answer = TypeVar("Answer")

ARCHIVE_DEADLINE_S = 120.0
HTTP_NOT_FOUND = 404


class Story(StrEnum):
    """What happens to a study."""

    WHOLE = "sent at once"
    GROWING = "three views, and the fourth later"
    REPEATED = "four views, and a repeat of one later"
    RESENT = "sent, and sent again"
    DELETED = "sent and deleted"
    RETURNING = "sent, deleted, and sent again"
    SHRINKING = "sent, one view deleted, and that view sent again"
    CORRECTED = "sent under a wrong patient, sent again under the right one, and the wrong one deleted"
    MODIFIED = "sent under a wrong patient, and given to the right one by Orthanc itself"


WEIGHTS = {
    Story.WHOLE: 4,
    Story.GROWING: 2,
    Story.REPEATED: 2,
    Story.RESENT: 1,
    Story.DELETED: 1,
    Story.RETURNING: 2,
    Story.SHRINKING: 1,
    Story.CORRECTED: 2,
    Story.MODIFIED: 2,
}


@dataclass(slots=True)
class Exam:
    """A study on its way through its story."""

    name: str
    story: Story
    views: list[bytes]
    late: list[bytes] = field(default_factory=list)
    """What comes in the second half of the story."""
    study: str = ""
    """Orthanc's identifier, once it is known."""

    @property
    def stays(self) -> bool:
        """Whether it is in Orthanc at the end, and so must have a result."""
        return self.story is not Story.DELETED

    @property
    def instances(self) -> int:
        """How many of its own it has at the end."""
        return len(self.views) + (len(self.late) if self.story in {Story.GROWING, Story.REPEATED} else 0)


def exam(name: str, random: Random) -> Exam:
    """An exam with a story, both by chance."""
    story = random.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]
    datasets = four_view_study(study=name, person=Person("CHAOS^TEST", f"CHAOS-{name}"))
    views = [as_file(dataset) for dataset in datasets]
    if story is Story.GROWING:
        return Exam(name, story, views[:3], views[3:])
    if story is Story.REPEATED:
        late = {"ContentTime": "233000", "AcquisitionTime": "233000"}
        repeat = mammogram("R", "CC", study=name, number=9, person=Person("CHAOS^TEST", f"CHAOS-{name}"), **late)
        return Exam(name, story, views, [as_file(repeat)])
    if story is Story.CORRECTED:
        right = Person("CHAOS^CORRECTED", f"CHAOS-{name}-CORRECTED")
        return Exam(name, story, views, [as_file(one) for one in four_view_study(study=name, person=right)])
    return Exam(name, story, views, views if story in {Story.RESENT, Story.RETURNING} else [])


class Sender:
    """Sends to an archive that may be dead at any moment, as a modality does: until it has it."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def begin(self, exam: Exam) -> None:
        """The first half of an exam's story."""
        for view in exam.views:
            exam.study = self._upload(view)

    def end(self, exam: Exam) -> None:
        """The second half."""
        if exam.story is Story.MODIFIED:
            exam.study = self._insist(lambda: self._modified(exam))
        if exam.story in {Story.DELETED, Story.RETURNING}:
            self._insist(lambda: self._delete(f"/studies/{exam.study}"))
        if exam.story is Story.SHRINKING:
            instance = self._insist(lambda: self._archive.sources(exam.study))[0]
            content = self._insist(lambda: self._archive.file(instance))
            self._insist(lambda: self._delete(f"/instances/{instance}"))
            exam.late = [content]
        wrong = exam.study
        for view in exam.late:
            exam.study = self._upload(view)
        if exam.story is Story.CORRECTED:
            self._insist(lambda: self._delete(f"/studies/{wrong}"))

    def _modified(self, exam: Exam) -> str | None:
        """The corrected study, once Orthanc has made all of it; None: had it made, and what was broken off cleared.

        Orthanc gives what it makes new UIDs each time, and takes the source away when all is made.
        """
        right = {"PatientID": f"CHAOS-{exam.name}-RIGHT", "PatientName": "CHAOS^RIGHT"}
        made = self._archive.post("/tools/find", {"Level": "Study", "Query": {"PatientID": right["PatientID"]}})
        if len(made) == 1 and len(self._archive.sources(made[0])) == exam.instances:
            self._delete(f"/studies/{exam.study}")
            return str(made[0])
        for one in made:
            self._delete(f"/studies/{one}")
        patient = self._archive.get(f"/studies/{exam.study}")["ParentPatient"]
        self._archive.post(f"/patients/{patient}/modify", {"Replace": right, "Force": True, "KeepSource": False})
        return None

    def _upload(self, content: bytes) -> str:
        return self._insist(lambda: self._archive.upload(content))

    def _delete(self, path: str) -> bool:
        try:
            self._archive.delete(path)
        except requests.HTTPError as error:
            if error.response.status_code != HTTP_NOT_FOUND:
                raise
        return True

    def _insist(self, act: Callable[[], Answer]) -> Answer:
        def once() -> Answer | None:
            try:
                return act()
            except requests.RequestException:
                return None

        return until(once, what="Orthanc takes what is sent", deadline_s=ARCHIVE_DEADLINE_S)

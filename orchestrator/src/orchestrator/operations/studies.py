"""What somebody who knows better than a clock says about a study."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestrator.errors import ActRefused
from orchestrator.handoffs import OrthancId
from orchestrator.jobs import audit, ledger, news, quiet
from orchestrator.operations.look import study_named
from orchestrator.watch import generation

if TYPE_CHECKING:
    from collections.abc import Collection

    from orchestrator.jobs.database import Database
    from orchestrator.operations.jobs import Act
    from orchestrator.orthanc.archive import Archive

_ORTHANC_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{8}){4}")
_UID = re.compile(r"[0-9]+(\.[0-9]+)+")
"""PS3.5 section 9.1."""


def complete(database: Database, archive: Archive, study: str, act: Act) -> bool:
    """Ends all waiting for more of a study: it is judged for good now, and its results may go; False if they could.

    What comes afterwards makes it wait again. The study is named by its Orthanc id, the first digits
    of that, or its StudyInstanceUID. Raises `ActRefused` or `StudyUnknown` where that names none or
    several, `Gone`, and what the archive raises.
    """
    full = _named(database, archive, study)

    def our_series(series_instance_uids: Collection[str]) -> frozenset[str]:
        with database.read() as connection:
            return ledger.our_series(connection, series_instance_uids)

    content = generation.read(archive, full, our_series)
    with database.write() as connection:
        new = quiet.complete(connection, content)
        if new:
            news.note_studies(connection, [full], act.now)
            audit.record(connection, at=act.now, who=act.by, what="complete", subject=f"study {full}", why=act.reason)
    return new


def _named(database: Database, archive: Archive, study: str) -> OrthancId:
    if _ORTHANC_ID.fullmatch(study):
        return OrthancId(study)
    if not _UID.fullmatch(study):
        return study_named(database, study)
    found = archive.studies_called(study)
    if len(found) != 1:
        several = f"several studies, {', '.join(found)}, have" if found else "no study in Orthanc has"
        raise ActRefused(f"{several} this StudyInstanceUID; name one by its Orthanc id")
    return found[0]

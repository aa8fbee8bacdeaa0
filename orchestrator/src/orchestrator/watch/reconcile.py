"""Finds the studies that the change log has forgotten.

Orthanc keeps in memory which studies are unstable. Killed while one is, it says after its restart
that the study is stable and never writes the `StableStudy` change that we wait for. So each new
instance is noted, crossed out when its study is read, and what is left over is looked up here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.errors import ArchiveUnavailable, Gone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.handoffs import OrthancId
    from orchestrator.orthanc.archive import Archive


def forgotten(archive: Archive, overdue: Iterable[OrthancId]) -> tuple[set[OrthancId], set[OrthancId]]:
    """(studies that are stable and were never announced, instances that are settled by that or gone).

    Instances of a study that is still unstable are in neither: its change will come.
    """
    studies: set[OrthancId] = set()
    settled: set[OrthancId] = set()
    for instance in overdue:
        try:
            study = archive.study_of_instance(instance)
        except Gone:
            settled.add(instance)
            continue
        except ArchiveUnavailable:
            archive.version()  # raises when the archive as a whole is in trouble
            continue
        if study.is_stable:
            studies.add(study.orthanc_id)
            settled.add(instance)
    return studies, settled

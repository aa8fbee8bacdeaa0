"""A study's content at one moment: its instances without our own, and the digest that names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.handoffs import Generation, OrthancId, StoredInstance
from orchestrator.jobs.key import digest_of_instances
from wetread_contract.headers import Headers, made_by_wetread

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from orchestrator.orthanc.archive import Archive


def read(archive: Archive, study: OrthancId, our_series: Callable[[Collection[str]], Collection[str]]) -> Generation:
    """The study as it is now, in two requests. Raises what the archive raises.

    An instance is ours when its series is in the ledger (`our_series`) or when it says so itself.
    """
    record = archive.study(study)
    instances = contents(archive, study, our_series)
    foreign = [instance.headers.sop_instance_uid for instance in instances if not instance.ours]
    return Generation(
        study, digest_of_instances(foreign), record.last_update, instances, record.is_stable, record.altered_from
    )


def contents(
    archive: Archive, study: OrthancId, our_series: Callable[[Collection[str]], Collection[str]] = lambda _: ()
) -> tuple[StoredInstance, ...]:
    """The study's instances in one request, ours marked. Raises what the archive raises."""
    parsed = {orthanc_id: Headers.from_orthanc(tags) for orthanc_id, tags in archive.headers(study).items()}
    ours = our_series({headers.series_instance_uid for headers in parsed.values()})
    return tuple(
        StoredInstance(orthanc_id, headers, headers.series_instance_uid in ours or made_by_wetread(headers))
        for orthanc_id, headers in parsed.items()
    )

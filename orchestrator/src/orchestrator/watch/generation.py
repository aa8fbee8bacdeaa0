"""A study's content at one moment: its instances without our own, and the digest that names it."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from orchestrator.handoffs import Digest, Generation, OrthancId, StoredInstance
from orchestrator.jobs.key import digest_of_instances
from wetread_contract.headers import Headers, made_by_wetread

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from orchestrator.orthanc.archive import Archive


def read(archive: Archive, study: OrthancId, our_series: Callable[[Collection[str]], Collection[str]]) -> Generation:
    """The study as it is now, in two requests. Raises what the archive raises.

    An instance is ours when its series is in the ledger (`our_series`) or when it says so itself.
    """
    record = archive.study(study)
    instances = contents(archive, study, our_series)
    foreign = [instance.headers.sop_instance_uid for instance in instances if not instance.ours]
    return Generation(
        study,
        digest_of_instances(foreign),
        record.last_update,
        instances,
        record.is_stable,
        record.altered_from,
        record.modified_from,
    )


def contents(
    archive: Archive, study: OrthancId, our_series: Callable[[Collection[str]], Collection[str]] = lambda _: ()
) -> tuple[StoredInstance, ...]:
    """The study's instances in one request, ours marked. Raises what the archive raises."""
    told = archive.headers(study)
    parsed = {orthanc_id: Headers.from_orthanc(tags) for orthanc_id, tags in told.items()}
    series = our_series({headers.series_instance_uid for headers in parsed.values()})
    ours = {one for one, headers in parsed.items() if headers.series_instance_uid in series or made_by_wetread(headers)}
    return tuple(
        StoredInstance(one, headers, one in ours, Digest("") if one in ours else digest_of_headers(told[one]))
        for one, headers in parsed.items()
    )


def digest_of_headers(tags: Mapping[str, object]) -> Digest:
    """SHA-256 over all values of Orthanc's full JSON form; names are left out, which another release may spell else."""
    return Digest(sha256(json.dumps(_values(tags), sort_keys=True).encode()).hexdigest())


def _values(tags: Mapping[str, object]) -> dict[str, object]:
    return {key: _value(held["Value"] if isinstance(held, dict) else held) for key, held in tags.items()}


def _value(value: object) -> object:
    return [_values(item) for item in value] if isinstance(value, list) else value

"""What a job works on, as the JSON that its row keeps."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.handoffs import DispatchedInstance, OrthancId
from wetread_contract.judgement import InstanceReference, LeftOutInstance, SelectedInstance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wetread_contract.judgement import Judgement


@dataclass(frozen=True, slots=True)
class JobInput:
    """The instances that a model gets, those that it does not get, and where the former lie."""

    selected: tuple[SelectedInstance, ...]
    left_out: tuple[LeftOutInstance, ...]
    orthanc_ids: Mapping[str, OrthancId]
    """By SOP instance UID, for the selected ones."""
    headers_sha256: str = ""
    """Over all attributes of the selected ones; empty in rows of older releases."""
    identity_sha256: str = ""
    """Over the attributes that say whose the result is."""
    modified_from: str = ""
    """The study that Orthanc has made this one from, by its id."""

    def dispatched(self) -> tuple[DispatchedInstance, ...]:
        """The selected instances as dispatch wants them."""
        return tuple(
            DispatchedInstance(self.orthanc_ids[chosen.reference.sop_instance_uid], chosen.reference)
            for chosen in self.selected
        )

    def to_json(self) -> dict[str, Any]:
        """For the ledger."""
        return {
            "selected": [asdict(chosen) for chosen in self.selected],
            "left_out": [asdict(one) for one in self.left_out],
            "orthanc_ids": dict(self.orthanc_ids),
            "headers_sha256": self.headers_sha256,
            "identity_sha256": self.identity_sha256,
            "modified_from": self.modified_from,
        }


def input_of(judgement: Judgement, orthanc_ids: Mapping[str, OrthancId]) -> JobInput:
    """The input that a judgement asks for; what its headers said is left to add."""
    selected = {chosen.reference.sop_instance_uid: chosen for chosen in judgement.selected}
    return JobInput(judgement.selected, judgement.left_out, {uid: orthanc_ids[uid] for uid in selected})


def input_from_json(kept: Mapping[str, Any]) -> JobInput:
    """The input as the ledger kept it."""
    return JobInput(
        tuple(SelectedInstance(InstanceReference(**one["reference"]), one["facts"]) for one in kept["selected"]),
        tuple(
            LeftOutInstance(InstanceReference(**one["reference"]), one["reason"], one["facts"])
            for one in kept["left_out"]
        ),
        {uid: OrthancId(orthanc_id) for uid, orthanc_id in kept["orthanc_ids"].items()},
        *(kept.get(name, "") for name in ("headers_sha256", "identity_sha256", "modified_from")),
    )

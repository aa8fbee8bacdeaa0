"""What made a result: model, weights, declaration, container image, site file, Wetread, inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from orchestrator.compose import codes
from orchestrator.compose.uids import uid_for

if TYPE_CHECKING:
    from orchestrator.compose.local_time import LocalTime
    from orchestrator.handoffs import Composition, ModelIdentity

MANUFACTURER: Final = "Wetread"
"""By this, and by the contributing equipment, our own objects are known wherever they come back from."""

_SHORT_DIGEST: Final = 12


def device_uid(model: ModelIdentity) -> str:
    """The UID of the model as a device: a new one whenever anything about the model changes (IHE AIR)."""
    return uid_for(
        "device", model.name, model.version, model.weights_sha256, model.declaration_sha256, model.image_digest
    )


def short(digest: str) -> str:
    """The first digits of a digest, for people."""
    return digest.removeprefix("sha256:")[:_SHORT_DIGEST]


def parameters(composition: Composition) -> tuple[str, ...]:
    """The lines that identify what made the result, in the report and in the contributing equipment."""
    model, declaration = composition.model, composition.declaration
    regulatory = declaration.regulatory
    named = {
        "weights sha256": model.weights_sha256,
        "declaration sha256": model.declaration_sha256,
        "container image": model.image_digest,
        "site file sha256": composition.settings.site_file_sha256,
        "wetread version": composition.wetread_version,
        "job": composition.job_key,
        "stage": str(declaration.stage),
        "regulatory status": regulatory.status,
        "regulatory number": regulatory.number,
        "UDI": regulatory.udi,
    }
    return tuple(f"{name}={value}" for name, value in named.items() if value)


def contributing_equipment(composition: Composition, made: LocalTime) -> list[Dataset]:
    """Items of the Contributing Equipment Sequence (PS3.3 C.12.1): Wetread, and the model it ran.

    The first names the job, in a text so short that archives keep it in their index (Orthanc: 256
    characters): by it a result is known again after an old copy of the ledger was restored.
    """
    wetread = _equipment(MANUFACTURER, MANUFACTURER, composition.wetread_version, made)
    wetread.ContributionDescription = f"job={composition.job_key}"
    return [wetread, _model_equipment(composition, made)]


def _model_equipment(composition: Composition, made: LocalTime) -> Dataset:
    model = composition.model
    item = _equipment(composition.declaration.manufacturer or MANUFACTURER, model.name, model.version, made)
    item.DeviceUID = device_uid(model)
    again = (f"made again after {composition.rejections} withdrawals",) if composition.rejections else ()
    item.ContributionDescription = "; ".join((*parameters(composition)[:4], *again))
    return item


def _equipment(manufacturer: str, model_name: str, version: str, made: LocalTime) -> Dataset:
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [codes.PROCESSING_EQUIPMENT]
    item.Manufacturer = manufacturer
    item.ManufacturerModelName = model_name
    item.SoftwareVersions = version
    item.ContributionDateTime = made.date_time
    return item

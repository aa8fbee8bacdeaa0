"""Takes out of a header what identifies a patient or a physician, before it leaves for a model.

A model sees the study's technique, not the person: every name (VR PN), the attributes below, in all
sequences, and all private attributes, because nobody can know what they hold. Dates of the study
stay (the age at the study rests on them), the date of birth does not. UIDs stay: findings name them.
Sources: the patient and visit modules (PS3.3 C.7.1.1, C.7.2.2, C.3), PS3.15 Table E.1-1.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydicom import FileDataset

IDENTIFYING = frozenset(
    {
        "AccessionNumber",
        "ActualHumanPerformersSequence",
        "AdditionalPatientHistory",
        "AdmissionID",
        "AdmittingDiagnosesDescription",
        "ClinicalTrialSubjectID",
        "ClinicalTrialSubjectReadingID",
        "ConsultingPhysicianIdentificationSequence",
        "CountryOfResidence",
        "CurrentPatientLocation",
        "EthnicGroup",
        "FillerOrderNumberImagingServiceRequest",
        "ImageComments",
        "InstitutionAddress",
        "InstitutionalDepartmentName",
        "InstitutionName",
        "InsurancePlanIdentification",
        "IssuerOfPatientID",
        "IssuerOfPatientIDQualifiersSequence",
        "MedicalRecordLocator",
        "MilitaryRank",
        "Occupation",
        "OperatorIdentificationSequence",
        "OriginalAttributesSequence",
        "OtherPatientIDs",
        "OtherPatientIDsSequence",
        "PatientAddress",
        "PatientBirthDate",
        "PatientBirthDateInAlternativeCalendar",
        "PatientBirthTime",
        "PatientComments",
        "PatientDeathDateInAlternativeCalendar",
        "PatientID",
        "PatientInstitutionResidence",
        "PatientInsurancePlanCodeSequence",
        "PatientReligiousPreference",
        "PatientTelecomInformation",
        "PatientTelephoneNumbers",
        "PerformedProcedureStepID",
        "PerformingPhysicianIdentificationSequence",
        "PhysiciansOfRecordIdentificationSequence",
        "PhysiciansReadingStudyIdentificationSequence",
        "PlacerOrderNumberImagingServiceRequest",
        "ReasonForVisit",
        "ReferencedPatientSequence",
        "ReferringPhysicianAddress",
        "ReferringPhysicianIdentificationSequence",
        "ReferringPhysicianTelephoneNumbers",
        "RegionOfResidence",
        "RequestAttributesSequence",
        "RequestedProcedureID",
        "RequestingPhysicianIdentificationSequence",
        "RequestingService",
        "ResponsibleOrganization",
        "ScheduledProcedureStepID",
        "ServiceEpisodeID",
        "SpecialNeeds",
        "StationName",
        "StudyComments",
        "StudyID",
        "VisitComments",
    }
)
"""Keywords of attributes that are emptied; names (VR PN) are found by their VR."""

_TAGS = frozenset(tag_for_keyword(keyword) for keyword in IDENTIFYING)
_CURVES, _TEXT_GROUP = 0x50FF, 0x4000
"""Retired groups that hold free drawings and texts (PS3.15 Table E.1-1); 50xx by its mask."""


def blanked(header: FileDataset, needs: Collection[str]) -> Dataset:
    """The header without what identifies, but for the attributes that `needs` names by keyword; the given one stays."""
    kept = {keyword_tag for keyword in needs if (keyword_tag := tag_for_keyword(keyword)) is not None}
    copied = Dataset()
    copied.file_meta = header.file_meta
    implicit, little_endian = header.original_encoding
    copied.set_original_encoding(implicit, little_endian, header.original_character_set)
    for tag in header.keys():  # noqa: SIM118 - iterating the data set itself would parse every element
        copied[tag] = header.get_item(tag)
    _blank(copied, kept)
    return copied


def _blank(dataset: Dataset, kept: Collection[int]) -> None:
    """Replaces elements, never changes one: other data sets may hold it too."""
    for tag in list(dataset.keys()):
        vr = dataset.get_item(tag).VR or (dictionary_VR(tag) if dictionary_has_tag(tag) else "UN")
        if tag.is_private or tag.group in {_CURVES, _TEXT_GROUP} or vr == "UN":
            del dataset[tag]
        elif tag in kept:
            continue
        elif vr == "PN" or tag in _TAGS:
            dataset[tag] = DataElement(tag, vr, [] if vr == "SQ" else None)
        elif vr == "SQ":
            dataset[tag] = copy.deepcopy(dataset[tag])
            for item in dataset[tag].value or ():
                _blank(item, kept)

"""Every coded concept that Wetread writes, with the table of PS3.16 that it comes from.

`Code` for what stands in content trees, highdicom's `CodedConcept` for what is an item of some other sequence.
"""

from __future__ import annotations

from typing import Final

from highdicom.sr import CodedConcept

from wetread_contract.findings import Code

OWN_SCHEME: Final = "99WETREAD"
"""Private coding scheme designator (PS3.16 8, "99" prefix) for what no standard scheme names."""

OWN_SCHEME_NAME: Final = "Wetread concepts"


def concept(code: Code) -> CodedConcept:
    """A model's code as highdicom writes it."""
    return CodedConcept(value=code.value, scheme_designator=code.scheme, meaning=code.meaning)


def _dcm(value: str, meaning: str) -> Code:
    return Code(value, "DCM", meaning)


def _sct(value: str, meaning: str) -> Code:
    return Code(value, "SCT", meaning)


def _ucum(value: str, meaning: str) -> Code:
    return Code(value, "UCUM", meaning)


def _own(value: str, meaning: str) -> Code:
    return Code(value, OWN_SCHEME, meaning)


IMAGING_MEASUREMENT_REPORT: Final = _dcm("126000", "Imaging Measurement Report")
IMAGING_MEASUREMENTS: Final = _dcm("126010", "Imaging Measurements")
PROCEDURE_REPORTED: Final = _dcm("121058", "Procedure reported")
"""TID 1500."""

LANGUAGE: Final = _dcm("121049", "Language of Content Item and Descendants")
ENGLISH: Final = Code("en-US", "RFC5646", "English (United States)")
"""TID 1204, CID 5000."""

OBSERVER_TYPE: Final = _dcm("121005", "Observer Type")
DEVICE: Final = _dcm("121007", "Device")
"""TID 1002; CID 270."""

DEVICE_OBSERVER_UID: Final = _dcm("121012", "Device Observer UID")
DEVICE_OBSERVER_NAME: Final = _dcm("121013", "Device Observer Name")
DEVICE_OBSERVER_MANUFACTURER: Final = _dcm("121014", "Device Observer Manufacturer")
DEVICE_OBSERVER_MODEL_NAME: Final = _dcm("121015", "Device Observer Model Name")
"""TID 1004."""

MEASUREMENT_GROUP: Final = _dcm("125007", "Measurement Group")
TRACKING_IDENTIFIER: Final = _dcm("112039", "Tracking Identifier")
TRACKING_UNIQUE_IDENTIFIER: Final = _dcm("112040", "Tracking Unique Identifier")
FINDING_SITE: Final = _sct("363698007", "Finding Site")
SOURCE_OF_MEASUREMENT: Final = _dcm("121112", "Source of Measurement")
"""TID 1501."""

ALGORITHM_FAMILY: Final = _dcm("111000", "Algorithm Family")
ALGORITHM_NAME: Final = _dcm("111001", "Algorithm Name")
ALGORITHM_PARAMETERS: Final = _dcm("111002", "Algorithm Parameters")
ALGORITHM_VERSION: Final = _dcm("111003", "Algorithm Version")
ALGORITHM_MANUFACTURER: Final = _dcm("122405", "Algorithm Manufacturer")
"""TID 4019."""

ARTIFICIAL_INTELLIGENCE: Final = _dcm("123110", "Artificial Intelligence")
"""CID 7162 Surface Processing Algorithm Family, as TID 4019 uses it."""

COMMENT: Final = _dcm("121106", "Comment")
"""TID 1501 and others: a sentence for people."""

PROBABILITY: Final = _dcm("122157", "Probability")
"""PS3.16 Annex D; only for calibrated scores."""

MODEL_SCORE: Final = _own("SCORE", "Model score, not a probability")
"""What a model says whose scores are not calibrated.

(111012, DCM, "Certainty of Finding") would be read as a percentage.
"""

PERCENT: Final = _ucum("%", "Percent")
"""CID 83 Real World Value Mapping Unit."""

NO_UNITS: Final = _ucum("1", "no units")
"""PS3.16 7.2.2: the unit of a number without one."""

QUALITY_VERDICTS: Final = {
    "acceptable": _own("ACCEPTABLE", "Acceptable"),
    "limited": _own("LIMITED", "Limited"),
    "unacceptable": _own("UNACCEPTABLE", "Unacceptable"),
}

SUITABILITY: Final = _own("SUITABILITY", "Suitability for the model")
"""What a report says about whose study the model could not read; UNACCEPTABLE, with the reason."""

LATERALITY: Final = _sct("272741003", "Laterality")
LATERALITIES: Final = {
    "L": _sct("7771000", "Left"),
    "R": _sct("24028007", "Right"),
    "B": _sct("51440002", "Bilateral"),
}
"""CID 244 Laterality."""

BREAST_COMPOSITION: Final = _sct("129715009", "Breast composition")
"""TID 4206; the values are those of CID 6000 and 6001."""

DENSE_BREAST_VALUES: Final = frozenset({"129718006", "129719003"})
"""SCT: heterogeneously dense and extremely dense, what screening programmes call dense."""

SOURCE_IMAGE: Final = concept(_dcm("121322", "Source image for image processing operation"))
"""CID 7202 Source Image Purpose of Reference."""

SEGMENTATION: Final = concept(_dcm("113076", "Segmentation"))
"""CID 7203 Image Derivation."""

PROCESSING_EQUIPMENT: Final = concept(_dcm("109102", "Processing Equipment"))
"""CID 7005 Contributing Equipment Purpose of Reference."""

PROCEDURES_BY_MODALITY: Final = {
    "MG": _sct("71651007", "Mammography"),
    "CT": _sct("77477000", "Computed tomography"),
    "MR": _sct("113091000", "Magnetic resonance imaging"),
    "US": _sct("16310003", "Ultrasonography"),
    "PT": _sct("82918005", "Positron emission tomography"),
    "DX": _sct("363680008", "Radiographic imaging"),
    "CR": _sct("363680008", "Radiographic imaging"),
}
"""What was done, where the source has no Procedure Code Sequence; never more than the modality tells."""

IMAGING: Final = _sct("363679005", "Imaging")
"""The procedure reported where not even the modality is known to us."""

MAMMOGRAPHY_CAD_REPORT: Final = _dcm("111036", "Mammography CAD Report")
IMAGE_LIBRARY: Final = _dcm("111028", "Image Library")
CAD_FINDINGS_SUMMARY: Final = _dcm("111017", "CAD Processing and Findings Summary")
SUMMARY_OF_DETECTIONS: Final = _dcm("111064", "Summary of Detections")
SUMMARY_OF_ANALYSES: Final = _dcm("111065", "Summary of Analyses")
"""TID 4000 and 4001."""

ALL_SUCCEEDED_WITH_FINDINGS: Final = _dcm("111242", "All algorithms succeeded; with findings")
NONE_SUCCEEDED: Final = _dcm("111245", "No algorithms succeeded; without findings")
"""CID 6047 CAD Processing and Findings Summary."""

SUCCEEDED: Final = _dcm("111222", "Succeeded")
FAILED: Final = _dcm("111224", "Failed")
NOT_ATTEMPTED: Final = _dcm("111225", "Not Attempted")
"""CID 6042 Status of Results."""

SUCCESSFUL_ANALYSES: Final = _dcm("111062", "Successful Analyses")
FAILED_ANALYSES: Final = _dcm("111024", "Failed Analyses")
ANALYSIS_PERFORMED: Final = _dcm("111004", "Analysis Performed")
"""TID 4016 and 4018."""

BREAST_COMPOSITION_ANALYSIS: Final = _sct("133890006", "Breast composition analysis")
"""CID 6043 Types of Mammography CAD Analysis."""

IMPRESSION_DESCRIPTION: Final = _dcm("111033", "Impression Description")
INDIVIDUAL_IMPRESSION: Final = _dcm("111034", "Individual Impression/Recommendation")
RENDERING_INTENT: Final = _dcm("111056", "Rendering Intent")
SINGLE_IMAGE_FINDING: Final = _dcm("111059", "Single Image Finding")
CERTAINTY_OF_FINDING: Final = _dcm("111012", "Certainty of Finding")
PERCENT_FIBROGLANDULAR_TISSUE: Final = _dcm("111046", "Percent Fibroglandular Tissue")
"""TID 4002, 4003, 4006 and 4007."""

PRESENTATION_OPTIONAL: Final = _dcm("111151", "Presentation Optional: Rendering device may present")
"""CID 6034 Intended Use of CAD Output: a preliminary result need not be shown."""

IMAGE_LATERALITY: Final = _dcm("111027", "Image Laterality")
IMAGE_VIEW: Final = _dcm("111031", "Image View")
"""TID 4020."""

BREASTS: Final = {
    "L": _sct("80248007", "Left breast"),
    "R": _sct("73056007", "Right breast"),
}
"""CID 6023, by laterality."""

VIEWS: Final = {
    "CC": _sct("399162004", "cranio-caudal"),
    "MLO": _sct("399368009", "medio-lateral oblique"),
    "ML": _sct("399260004", "medio-lateral"),
    "LM": _sct("399352003", "latero-medial"),
    "LMO": _sct("399099002", "latero-medial oblique"),
    "FB": _sct("399196006", "caudo-cranial (from below)"),
}
"""CID 4014 View for Mammography, by View Position."""

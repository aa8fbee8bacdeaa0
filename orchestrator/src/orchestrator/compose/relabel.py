"""The same report in another SOP class, for systems that do not know Comprehensive 3D SR.

A TID 1500 report of ours has no 3D coordinates, so its content tree is valid in all three classes
(PS3.3 A.35.13, A.35.3, A.35.2); only the label changes. It is another object, so it has another SOP
instance UID: the same UID never stands for two different objects.
"""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO

from pydicom import dcmread
from pydicom.uid import UID

from orchestrator.compose.part10 import part10_file
from orchestrator.compose.uids import uid_for
from orchestrator.errors import ResultInvalid
from orchestrator.handoffs import ComposedObject, Digest, ObjectKind


def relabelled(report: bytes, sop_class_uid: str) -> ComposedObject:
    """The report (a Part 10 file) in another SR class; the same report and class give the same bytes.

    Raises:
        ResultInvalid: the file is no report, or has coordinates that the class cannot hold.
    """
    dataset = dcmread(BytesIO(report))
    if not str(dataset.SOPClassUID).startswith("1.2.840.10008.5.1.4.1.1.88."):
        raise ResultInvalid("only a structured report can be given another SR class")
    if b"SCOORD3D" in report:
        raise ResultInvalid("the report has 3D coordinates, which only Comprehensive 3D SR can hold")
    dataset.SOPInstanceUID = uid_for("relabelled", str(dataset.SOPInstanceUID), sop_class_uid)
    dataset.SOPClassUID = UID(sop_class_uid)
    content = part10_file(dataset)
    return ComposedObject(
        kind=ObjectKind.REPORT,
        sop_class_uid=sop_class_uid,
        sop_instance_uid=str(dataset.SOPInstanceUID),
        series_instance_uid=str(dataset.SeriesInstanceUID),
        content=content,
        sha256=Digest(sha256(content).hexdigest()),
    )

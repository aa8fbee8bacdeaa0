from wetread.v1 import findings_pb2 as _findings_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DescribeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeResponse(_message.Message):
    __slots__ = ("declaration_yaml", "declaration_sha256", "weights_sha256", "image_digest", "runtime", "limits")
    DECLARATION_YAML_FIELD_NUMBER: _ClassVar[int]
    DECLARATION_SHA256_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_SHA256_FIELD_NUMBER: _ClassVar[int]
    IMAGE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    declaration_yaml: str
    declaration_sha256: str
    weights_sha256: str
    image_digest: str
    runtime: Runtime
    limits: Limits
    def __init__(self, declaration_yaml: _Optional[str] = ..., declaration_sha256: _Optional[str] = ..., weights_sha256: _Optional[str] = ..., image_digest: _Optional[str] = ..., runtime: _Optional[_Union[Runtime, _Mapping]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ...) -> None: ...

class Runtime(_message.Message):
    __slots__ = ("framework", "sdk", "device")
    FRAMEWORK_FIELD_NUMBER: _ClassVar[int]
    SDK_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    framework: str
    sdk: str
    device: str
    def __init__(self, framework: _Optional[str] = ..., sdk: _Optional[str] = ..., device: _Optional[str] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("concurrency", "deadline_s", "max_bytes")
    CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_S_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    concurrency: int
    deadline_s: float
    max_bytes: int
    def __init__(self, concurrency: _Optional[int] = ..., deadline_s: _Optional[float] = ..., max_bytes: _Optional[int] = ...) -> None: ...

class PredictRequest(_message.Message):
    __slots__ = ("header", "instance", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: PredictHeader
    instance: InstanceHeader
    chunk: PixelChunk
    def __init__(self, header: _Optional[_Union[PredictHeader, _Mapping]] = ..., instance: _Optional[_Union[InstanceHeader, _Mapping]] = ..., chunk: _Optional[_Union[PixelChunk, _Mapping]] = ...) -> None: ...

class PredictHeader(_message.Message):
    __slots__ = ("job_key", "attempt", "model_name", "model_version", "weights_sha256", "instances")
    JOB_KEY_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_SHA256_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    job_key: str
    attempt: int
    model_name: str
    model_version: str
    weights_sha256: str
    instances: _containers.RepeatedCompositeFieldContainer[InstanceReference]
    def __init__(self, job_key: _Optional[str] = ..., attempt: _Optional[int] = ..., model_name: _Optional[str] = ..., model_version: _Optional[str] = ..., weights_sha256: _Optional[str] = ..., instances: _Optional[_Iterable[_Union[InstanceReference, _Mapping]]] = ...) -> None: ...

class InstanceReference(_message.Message):
    __slots__ = ("study_instance_uid", "series_instance_uid", "sop_class_uid", "sop_instance_uid")
    STUDY_INSTANCE_UID_FIELD_NUMBER: _ClassVar[int]
    SERIES_INSTANCE_UID_FIELD_NUMBER: _ClassVar[int]
    SOP_CLASS_UID_FIELD_NUMBER: _ClassVar[int]
    SOP_INSTANCE_UID_FIELD_NUMBER: _ClassVar[int]
    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    def __init__(self, study_instance_uid: _Optional[str] = ..., series_instance_uid: _Optional[str] = ..., sop_class_uid: _Optional[str] = ..., sop_instance_uid: _Optional[str] = ...) -> None: ...

class InstanceHeader(_message.Message):
    __slots__ = ("sop_instance_uid", "header")
    SOP_INSTANCE_UID_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    sop_instance_uid: str
    header: bytes
    def __init__(self, sop_instance_uid: _Optional[str] = ..., header: _Optional[bytes] = ...) -> None: ...

class PixelChunk(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class PredictResponse(_message.Message):
    __slots__ = ("prediction", "unsuitable", "inference_s", "weights_sha256")
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    UNSUITABLE_FIELD_NUMBER: _ClassVar[int]
    INFERENCE_S_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_SHA256_FIELD_NUMBER: _ClassVar[int]
    prediction: Prediction
    unsuitable: Unsuitable
    inference_s: float
    weights_sha256: str
    def __init__(self, prediction: _Optional[_Union[Prediction, _Mapping]] = ..., unsuitable: _Optional[_Union[Unsuitable, _Mapping]] = ..., inference_s: _Optional[float] = ..., weights_sha256: _Optional[str] = ...) -> None: ...

class Prediction(_message.Message):
    __slots__ = ("findings", "notices")
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    findings: _containers.RepeatedCompositeFieldContainer[_findings_pb2.Finding]
    notices: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, findings: _Optional[_Iterable[_Union[_findings_pb2.Finding, _Mapping]]] = ..., notices: _Optional[_Iterable[str]] = ...) -> None: ...

class Unsuitable(_message.Message):
    __slots__ = ("code", "reason")
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    code: str
    reason: str
    def __init__(self, code: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

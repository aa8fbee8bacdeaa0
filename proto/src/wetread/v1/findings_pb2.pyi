from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Code(_message.Message):
    __slots__ = ("value", "scheme", "meaning")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    MEANING_FIELD_NUMBER: _ClassVar[int]
    value: str
    scheme: str
    meaning: str
    def __init__(self, value: _Optional[str] = ..., scheme: _Optional[str] = ..., meaning: _Optional[str] = ...) -> None: ...

class Scope(_message.Message):
    __slots__ = ("level", "laterality", "series_instance_uid", "sop_instance_uid")
    class Level(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        LEVEL_UNSPECIFIED: _ClassVar[Scope.Level]
        STUDY: _ClassVar[Scope.Level]
        LATERALITY: _ClassVar[Scope.Level]
        SERIES: _ClassVar[Scope.Level]
        INSTANCE: _ClassVar[Scope.Level]
    LEVEL_UNSPECIFIED: Scope.Level
    STUDY: Scope.Level
    LATERALITY: Scope.Level
    SERIES: Scope.Level
    INSTANCE: Scope.Level
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    LATERALITY_FIELD_NUMBER: _ClassVar[int]
    SERIES_INSTANCE_UID_FIELD_NUMBER: _ClassVar[int]
    SOP_INSTANCE_UID_FIELD_NUMBER: _ClassVar[int]
    level: Scope.Level
    laterality: str
    series_instance_uid: str
    sop_instance_uid: str
    def __init__(self, level: _Optional[_Union[Scope.Level, str]] = ..., laterality: _Optional[str] = ..., series_instance_uid: _Optional[str] = ..., sop_instance_uid: _Optional[str] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("scope", "classification", "measurement", "text", "quality", "region", "segmentation")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    CLASSIFICATION_FIELD_NUMBER: _ClassVar[int]
    MEASUREMENT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    SEGMENTATION_FIELD_NUMBER: _ClassVar[int]
    scope: Scope
    classification: Classification
    measurement: Measurement
    text: Text
    quality: Quality
    region: Region
    segmentation: Segmentation
    def __init__(self, scope: _Optional[_Union[Scope, _Mapping]] = ..., classification: _Optional[_Union[Classification, _Mapping]] = ..., measurement: _Optional[_Union[Measurement, _Mapping]] = ..., text: _Optional[_Union[Text, _Mapping]] = ..., quality: _Optional[_Union[Quality, _Mapping]] = ..., region: _Optional[_Union[Region, _Mapping]] = ..., segmentation: _Optional[_Union[Segmentation, _Mapping]] = ...) -> None: ...

class Classification(_message.Message):
    __slots__ = ("concept", "chosen", "scores", "calibrated")
    CONCEPT_FIELD_NUMBER: _ClassVar[int]
    CHOSEN_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    CALIBRATED_FIELD_NUMBER: _ClassVar[int]
    concept: Code
    chosen: Category
    scores: _containers.RepeatedCompositeFieldContainer[CategoryScore]
    calibrated: bool
    def __init__(self, concept: _Optional[_Union[Code, _Mapping]] = ..., chosen: _Optional[_Union[Category, _Mapping]] = ..., scores: _Optional[_Iterable[_Union[CategoryScore, _Mapping]]] = ..., calibrated: _Optional[bool] = ...) -> None: ...

class Category(_message.Message):
    __slots__ = ("code", "label")
    CODE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    code: Code
    label: str
    def __init__(self, code: _Optional[_Union[Code, _Mapping]] = ..., label: _Optional[str] = ...) -> None: ...

class CategoryScore(_message.Message):
    __slots__ = ("category", "score")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    category: Category
    score: float
    def __init__(self, category: _Optional[_Union[Category, _Mapping]] = ..., score: _Optional[float] = ...) -> None: ...

class Measurement(_message.Message):
    __slots__ = ("concept", "value", "unit")
    CONCEPT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    concept: Code
    value: float
    unit: Code
    def __init__(self, concept: _Optional[_Union[Code, _Mapping]] = ..., value: _Optional[float] = ..., unit: _Optional[_Union[Code, _Mapping]] = ...) -> None: ...

class Text(_message.Message):
    __slots__ = ("concept", "text")
    CONCEPT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    concept: Code
    text: str
    def __init__(self, concept: _Optional[_Union[Code, _Mapping]] = ..., text: _Optional[str] = ...) -> None: ...

class Quality(_message.Message):
    __slots__ = ("concept", "verdict", "reason")
    class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        VERDICT_UNSPECIFIED: _ClassVar[Quality.Verdict]
        ACCEPTABLE: _ClassVar[Quality.Verdict]
        LIMITED: _ClassVar[Quality.Verdict]
        UNACCEPTABLE: _ClassVar[Quality.Verdict]
    VERDICT_UNSPECIFIED: Quality.Verdict
    ACCEPTABLE: Quality.Verdict
    LIMITED: Quality.Verdict
    UNACCEPTABLE: Quality.Verdict
    CONCEPT_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    concept: Code
    verdict: Quality.Verdict
    reason: str
    def __init__(self, concept: _Optional[_Union[Code, _Mapping]] = ..., verdict: _Optional[_Union[Quality.Verdict, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class Region(_message.Message):
    __slots__ = ("concept", "shape", "points", "frame", "score", "label")
    class Shape(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SHAPE_UNSPECIFIED: _ClassVar[Region.Shape]
        POINT: _ClassVar[Region.Shape]
        POLYLINE: _ClassVar[Region.Shape]
        ELLIPSE: _ClassVar[Region.Shape]
    SHAPE_UNSPECIFIED: Region.Shape
    POINT: Region.Shape
    POLYLINE: Region.Shape
    ELLIPSE: Region.Shape
    CONCEPT_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    concept: Code
    shape: Region.Shape
    points: _containers.RepeatedScalarFieldContainer[float]
    frame: int
    score: float
    label: str
    def __init__(self, concept: _Optional[_Union[Code, _Mapping]] = ..., shape: _Optional[_Union[Region.Shape, str]] = ..., points: _Optional[_Iterable[float]] = ..., frame: _Optional[int] = ..., score: _Optional[float] = ..., label: _Optional[str] = ...) -> None: ...

class Segmentation(_message.Message):
    __slots__ = ("category", "type", "label", "planes")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PLANES_FIELD_NUMBER: _ClassVar[int]
    category: Code
    type: Code
    label: str
    planes: _containers.RepeatedCompositeFieldContainer[MaskPlane]
    def __init__(self, category: _Optional[_Union[Code, _Mapping]] = ..., type: _Optional[_Union[Code, _Mapping]] = ..., label: _Optional[str] = ..., planes: _Optional[_Iterable[_Union[MaskPlane, _Mapping]]] = ...) -> None: ...

class MaskPlane(_message.Message):
    __slots__ = ("sop_instance_uid", "frame", "rows", "columns", "bits")
    SOP_INSTANCE_UID_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    BITS_FIELD_NUMBER: _ClassVar[int]
    sop_instance_uid: str
    frame: int
    rows: int
    columns: int
    bits: bytes
    def __init__(self, sop_instance_uid: _Optional[str] = ..., frame: _Optional[int] = ..., rows: _Optional[int] = ..., columns: _Optional[int] = ..., bits: _Optional[bytes] = ...) -> None: ...

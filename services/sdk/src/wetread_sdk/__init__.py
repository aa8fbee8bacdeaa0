"""What a model author imports to serve a model to Wetread, and nothing else.

    from wetread_sdk import Answer, Context, Findings, Loaded, Study, serve

    class MyModel:
        def load(self, context: Context) -> Loaded: ...
        def predict(self, study: Study) -> Answer: ...

    serve(MyModel())        # a process of its own; or `wetread_sdk.bento.service` for BentoML

Beside it lies `model.yaml`, which says what is sent to the model. `services/pixelstats` is a whole service.
"""

from wetread_contract.findings import (
    Answer,
    Category,
    CategoryScore,
    Classification,
    Code,
    Finding,
    Findings,
    MaskPlane,
    Measurement,
    Quality,
    Region,
    Scope,
    ScopeLevel,
    Segmentation,
    Shape,
    Text,
    Unsuitable,
    Verdict,
)
from wetread_sdk.model import NO_WEIGHTS, Context, Loaded, Model, UnsuitableStudy
from wetread_sdk.serving import Running, running, serve
from wetread_sdk.settings import Settings, from_environment
from wetread_sdk.study import Abandoned, Instance, Study

__all__ = [
    "NO_WEIGHTS",
    "Abandoned",
    "Answer",
    "Category",
    "CategoryScore",
    "Classification",
    "Code",
    "Context",
    "Finding",
    "Findings",
    "Instance",
    "Loaded",
    "MaskPlane",
    "Measurement",
    "Model",
    "Quality",
    "Region",
    "Running",
    "Scope",
    "ScopeLevel",
    "Segmentation",
    "Settings",
    "Shape",
    "Study",
    "Text",
    "Unsuitable",
    "UnsuitableStudy",
    "Verdict",
    "from_environment",
    "running",
    "serve",
]

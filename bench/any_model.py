"""`python -m bench.any_model`: a real model service that takes every modality and answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wetread_contract.findings import Category, CategoryScore, Classification, Code, Findings
from wetread_sdk.model import Loaded
from wetread_sdk.serving import serve

if TYPE_CHECKING:
    from wetread_contract.findings import Answer
    from wetread_sdk.model import Context
    from wetread_sdk.study import Study

DECLARATION = Path(__file__).with_name("any.yaml")
_CONCEPT = Code("246205007", "SCT", "Quantity")
_CATEGORIES = (
    Category(Code("260413007", "SCT", "None"), "none"),
    Category(Code("260360000", "SCT", "Very large"), "much"),
)
_SCORES = (0.9, 0.1)


class AnyModel:
    """Answers at once."""

    def load(self, context: Context) -> Loaded:
        """Nothing to load."""
        del context
        return Loaded()

    def predict(self, study: Study) -> Answer:
        """The same for every study."""
        del study
        scores = tuple(CategoryScore(category, score) for category, score in zip(_CATEGORIES, _SCORES, strict=True))
        return Findings((Classification(_CONCEPT, _CATEGORIES[0], scores, calibrated=False),), ("no reading",))


if __name__ == "__main__":
    serve(AnyModel())

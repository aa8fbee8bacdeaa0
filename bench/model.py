"""`python -m bench.model`: a real model service whose model takes no time and reads no pixels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wetread_contract.findings import Category, CategoryScore, Classification, Code, Findings, Scope, ScopeLevel
from wetread_sdk.model import Loaded
from wetread_sdk.serving import serve

if TYPE_CHECKING:
    from wetread_contract.findings import Answer
    from wetread_sdk.model import Context
    from wetread_sdk.study import Study

DECLARATION = Path(__file__).with_name("model.yaml")
_CONCEPT = Code("129715009", "SCT", "Breast composition")
_CATEGORIES = (
    Category(Code("129716005", "SCT", "Almost entirely fat"), "A"),
    Category(Code("129717001", "SCT", "Scattered fibroglandular densities"), "B"),
    Category(Code("129718006", "SCT", "Heterogeneously dense"), "C"),
    Category(Code("129719003", "SCT", "Extremely dense"), "D"),
)
_SCORES = (0.02, 0.26, 0.61, 0.11)


def answer() -> Findings:
    """Density C for the study and for each breast: as much as brdensity says."""
    scores = tuple(CategoryScore(category, score) for category, score in zip(_CATEGORIES, _SCORES, strict=True))
    scopes = (Scope(), *(Scope(ScopeLevel.LATERALITY, side) for side in ("R", "L")))
    findings = [Classification(_CONCEPT, _CATEGORIES[2], scores, calibrated=True, scope=scope) for scope in scopes]
    return Findings(tuple(findings), ("a measurement, not a reading",))


class InstantModel:
    """Answers at once."""

    def load(self, context: Context) -> Loaded:
        """Nothing to load."""
        del context
        return Loaded()

    def predict(self, study: Study) -> Answer:
        """The same for every study."""
        del study
        return answer()


if __name__ == "__main__":
    serve(InstantModel())

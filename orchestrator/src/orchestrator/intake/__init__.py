"""From news of a study to rows of jobs: the only package that knows watch → match → ledger → cursor."""

from orchestrator.intake.intake import NEW_NAME_LOOKS_BACK, Intake

__all__ = ["NEW_NAME_LOOKS_BACK", "Intake"]

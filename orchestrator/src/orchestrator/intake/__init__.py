"""From news of a study to rows of jobs: the only package that knows watch → match → ledger → cursor."""

from orchestrator.intake.intake import Intake

__all__ = ["Intake"]

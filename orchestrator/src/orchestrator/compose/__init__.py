"""From a saved prediction to the objects that are stored; pure: no input or output, no clock."""

from orchestrator.compose.composer import compose

__all__ = ["compose"]

"""A model's declaration, `model.yaml`."""

from __future__ import annotations


class Declaration:
    """To be written."""

"""One instance's attributes, without pixels, as rules see them: an interface and its readers."""

from __future__ import annotations


class Headers:
    """To be written."""

"""Pixels, read safely: decoding within limits, and values as a monitor would show them."""

from wetread_sdk.pixels.decoder import Decoder
from wetread_sdk.pixels.decoding import read_header, stored_values
from wetread_sdk.pixels.display import Picture, shown
from wetread_sdk.pixels.limits import Limits, Unreadable

__all__ = ["Decoder", "Limits", "Picture", "Unreadable", "read_header", "shown", "stored_values"]

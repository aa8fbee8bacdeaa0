"""Data elements and items as bytes: explicit VR little endian (PS3.5 7.1.2, 7.5), lengths always stated."""

from __future__ import annotations

import struct


def short_element(group: int, element: int, vr: bytes, value: bytes, padding: bytes = b" ") -> bytes:
    """An element of a VR whose length has two bytes; `padding` makes an odd value even."""
    even = value + padding if len(value) % 2 else value
    return struct.pack("<HH2sH", group, element, vr, len(even)) + even


def long_element(group: int, element: int, vr: bytes, value: bytes) -> bytes:
    """An element of OB, SQ, UT and the others whose length has four bytes; an odd value gets a space."""
    even = value + b" " if len(value) % 2 else value
    return struct.pack("<HH2s2xI", group, element, vr, len(even)) + even


def uid_element(group: int, element: int, uid: str) -> bytes:
    """An element of VR UI."""
    return short_element(group, element, b"UI", uid.encode("ascii"), b"\0")


def sequence_item(content: bytes) -> bytes:
    """An item that holds these elements."""
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


def sequence_of_one(group: int, element: int, content: bytes) -> bytes:
    """A sequence with one item that holds these elements."""
    return long_element(group, element, b"SQ", sequence_item(content))

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.compose.uids import uid_for
from orchestrator.compose.value_rules import allows, fits, is_uid


@pytest.mark.parametrize(
    ("vr", "text"),
    [
        ("DA", "20240229"),
        ("TM", "235960"),
        ("TM", "0915"),
        ("TM", "091500.123"),
        ("LO", "a\x1b$B"),
        ("LT", "two\r\nlines \\ one value"),
        ("PN", "A^B=C=D"),
        ("UI", "1.2.840.10008.1.2\0"),
        ("CS", ""),
    ],
)
def test_valid_values_fit(vr: str, text: str) -> None:
    assert fits(vr, "1", text)


@pytest.mark.parametrize(
    ("vr", "text"),
    [
        ("DA", "20230229"),
        ("DA", "2024.02.29"),
        ("DA", "20240101-20240201"),
        ("TM", "24"),
        ("TM", "09:15"),
        ("LO", "tab\there"),
        ("LO", "x" * 65),
        ("SH", "\ufffd"),
        ("UI", "1.2.840.010"),
        ("UI", "3.1"),
        ("CS", "lower"),
        ("AS", "56"),
        ("LO", "two\\values"),
    ],
)
def test_invalid_values_do_not_fit(vr: str, text: str) -> None:
    assert not fits(vr, "1", text)


@pytest.mark.parametrize(
    ("multiplicity", "allowed", "refused"),
    [("1", [1], [0, 2]), ("1-n", [1, 9], [0]), ("2-2n", [2, 4], [1, 3]), ("1-3", [1, 3], [4]), ("3-3n", [3, 6], [4])],
)
def test_multiplicities_are_those_of_the_data_dictionary(
    multiplicity: str, allowed: list[int], refused: list[int]
) -> None:
    assert all(allows(multiplicity, count) for count in allowed)
    assert not any(allows(multiplicity, count) for count in refused)


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_every_name_has_a_valid_uid(parts: list[str]) -> None:
    assert is_uid(uid_for(*parts))


@given(st.text(), st.text())
def test_parts_are_told_apart(first: str, second: str) -> None:
    assert uid_for(first, second) != uid_for(first + second)

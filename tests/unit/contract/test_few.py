from __future__ import annotations

from wetread_contract.few import Few


def test_a_label_from_outside_has_few_values() -> None:
    few = Few(2)

    assert [few("a", "1"), few("b", "1"), few("c", "1"), few("a", "1")] == [
        ("a", "1"),
        ("b", "1"),
        ("other", "other"),
        ("a", "1"),
    ]


def test_a_label_from_outside_is_printable_and_short() -> None:
    assert Few(1, longest=4)("ab\ncdef") == ("abcd",)

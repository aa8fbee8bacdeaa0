from __future__ import annotations

import pytest
from highdicom._standard_utils import get_module_attribute_map

from orchestrator.compose import module_tables


def test_each_table_that_is_cut_out_is_the_one_that_highdicom_reads() -> None:
    whole = get_module_attribute_map()

    assert {key: module_tables._lines(key) for key in whole} == whole


def test_a_module_that_the_standard_does_not_have_is_an_error() -> None:
    with pytest.raises(KeyError):
        module_tables.module("crystal-ball")

"""How `verify` compares a stored table and findings with those that it makes again."""

from __future__ import annotations

import pytest

from seedwise.verification.report import _alike, _difference

MADE = "variant,mean,runs\nhigh,0.5,3\nlow,0.25,3\n"


@pytest.mark.parametrize(
    ("stored", "difference"),
    [
        (MADE, None),
        ("variant,mean,old\nhigh,0.5000000001,x\nlow,0.25,y\n", None),
        ("variant,mean\n\nhigh,0.5\nlow,0.25\n\n", None),
        ("variant,mean\nhigh,0.4\nlow,0.25\n", 'in row 1, mean is "0.4", and they give "0.5"'),
        ("variant,mean\nhigh\nlow,0.25\n", "row 1 has 1 cell, and its header 2"),
        ("variant,mean\nhigh,0.5\nlow,0.25,3\n", "row 2 has 3 cells, and its header 2"),
        ("name,average\nhigh,0.5\nlow,0.25\n", "it has none of the columns variant, mean and runs"),
        ("\n", "it is empty"),
    ],
)
def test_a_table_of_another_version_is_compared_in_the_columns_that_both_have(stored, difference, tmp_path):
    was, made = tmp_path / "summary.csv", tmp_path / "again.csv"
    was.write_text(stored)
    made.write_text(MADE)
    assert _difference(was, made, "Seedwise 0.9") == difference


@pytest.mark.parametrize(
    ("was", "now", "alike"),
    [
        (1, 1.0, True),
        ({"mean": [2.0, None]}, {"mean": [2, None]}, True),
        (0.1, 0.1 + 1e-9, True),
        (1_000_000, 1_000_001, False),
        (1, 1.1, False),
        (True, 1, False),
        ("1", 1, False),
    ],
)
def test_numbers_that_are_equal_are_alike_whatever_their_type(was, now, alike):
    assert _alike(was, now) is _alike(now, was) is alike

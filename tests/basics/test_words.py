"""Lists of numbers in messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedwise.basics.words import ranges


@pytest.mark.parametrize(
    ("numbers", "written"),
    [
        (range(100), "0 to 99"),
        ([3, 0, 1, 2, 5, 6], "3, 0 to 2, 5, 6"),
        (["a", 1, "2", 3], "a, 1, 2, 3"),
        ([-2, -1, 0], "-2 to 0"),
        ([*range(0, 40, 2), 100, 101], ", ".join(map(str, range(0, 40, 2))) + " and 2 more"),
    ],
)
def test_numbers_that_follow_one_another_are_written_as_one(numbers, written):
    assert ranges(numbers, 20) == written


@given(st.lists(st.integers(0, 30), min_size=1))
def test_ranges_have_each_number_in_its_place(numbers):
    read = []
    for text in ranges(numbers, 31).split(", "):
        first, _, last = text.partition(" to ")
        read += range(int(first), int(last or first) + 1)
    assert read == numbers

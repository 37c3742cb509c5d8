"""Formats of probabilities, names and tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedwise.basics.words import enumerate_words, quantity
from seedwise.report.text import format as tables


@pytest.mark.parametrize(
    ("p", "text"), [(0.0476372, "= 0.0476"), (1.0, "= 1.0000"), (1e-9, "< 0.0001"), (None, "not defined")]
)
def test_p_value(p, text):
    assert tables.p_value(p) == text


@given(st.floats(0, 1, exclude_min=True))
def test_p_value_is_never_written_as_zero(p):
    assert tables.p_value(p) != "= 0.0000"
    assert tables.p_cell(p) != "0.0000"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.95, "95%"),
        (0.632, "63%"),
        (0.999, "99.9%"),
        (1.0, "100%"),
        (0.0, "0%"),
        (1e-7, "less than 0.1%"),
        (None, "—"),
    ],
)
def test_percent(share, text):
    assert tables.percent(share) == text


def test_quantity_agrees_with_its_noun():
    assert quantity(1, "seed") == "1 seed"
    assert quantity(3, "seed") == "3 seeds"
    assert quantity(0, "run") == "0 runs"


def test_enumeration():
    assert enumerate_words(["a"]) == "a"
    assert enumerate_words(["a", "b"]) == "a and b"
    assert enumerate_words(["a", "b", "c"]) == "a, b and c"


def test_escape_keeps_words_readable():
    assert tables.escape("test_accuracy") == "test_accuracy"
    assert tables.escape("_x_") == r"\_x\_"
    assert tables.escape("a|b\nc") == r"a\|b c"
    assert tables.escape("$5 [x](y)") == r"\$5 \[x\](y)"


def test_code_spans_may_contain_pipes_and_backticks():
    assert tables.code("a|b") == r"`a\|b`"
    assert tables.code("a`b") == "`` a`b ``"


def test_markdown_table():
    assert tables.markdown_table(["a", "b"], [["1", "2"]], numeric=[1]) == "| a | b |\n| --- | ---: |\n| 1 | 2 |"

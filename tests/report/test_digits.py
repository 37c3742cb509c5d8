"""Digits that suit size and spread: shown values are precise, aligned in columns, and zero only if they are zero."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_studies import A, B, make_report

from seedwise.report.digits import LARGE, Digits, choose_digits, digits_of_runs
from seedwise.report.text.paper import paper_files
from seedwise.report.text.results import render_results
from tests.plans import accuracy_plan

MAGNITUDES = st.builds(lambda mantissa, power: mantissa * 10.0**power, st.floats(1, 9.99), st.integers(-9, 12))
VALUES = st.builds(lambda size, sign: size * sign, MAGNITUDES, st.sampled_from((-1, 1)))


def read(text):
    """Return the number that a reader sees, and half a unit of its last digit."""
    value = float(text.replace("−", "-").replace("+", ""))
    mantissa, _, power = text.replace("−", "-").partition("e")
    return value, 0.5 * 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))


def decimals(text):
    return len(text.partition("e")[0].partition(".")[2])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.84366667, "0.8437"),
        (-0.1, "−0.1000"),
        (0.0, "0.0000"),
        (-0.0, "0.0000"),
        (1234.5, "1234.5000"),
        (0.00003, "3.0e−05"),
        (-0.00003, "−3.0e−05"),
        (12345678.9, "1.23457e+07"),
        (None, "—"),
        (math.nan, "—"),
        (math.inf, "—"),
    ],
)
def test_a_value_at_four_decimals(value, text):
    assert Digits(4).number(value) == text


def test_a_small_value_beside_large_ones_keeps_two_digits():
    assert Digits(0).number(0.25) == "0.25"
    assert Digits(0).number(0.5) == "0.50"
    assert Digits(6).ascii(5e-7) == "5.0e-07"


@pytest.mark.parametrize(
    ("value", "text"), [(0.01433, "+0.0143"), (-0.01433, "−0.0143"), (0.0, "0.0000"), (None, "—"), (math.inf, "—")]
)
def test_a_difference_has_its_sign(value, text):
    assert Digits(4).signed(value) == text


def test_an_interval_needs_both_ends():
    assert Digits(4).interval(-0.1, 0.25) == "[−0.1000, 0.2500]"
    assert Digits(4).interval(None, 0.25) == "—"
    assert Digits(4).interval(0.1, math.inf) == "—"


@pytest.mark.parametrize(
    ("sizes", "spreads", "gaps", "value", "text"),
    [
        ([0.9058, 0.8777], [0.0031, 0.0027], [0.028], 0.90581, "0.9058"),
        ([0.9, 0.9001], [0.00016, 0.00011], [], 0.90006, "0.90006"),
        ([839.962], [], [], 839.962, "839.96"),
        ([839.962], [0.03], [], 839.962, "839.962"),
        ([23.41], [5.0], [], 23.412, "23.412"),
        ([123456.7], [350.0], [], 123456.7, "123457"),
        ([1.2e-5], [3e-7], [], 1.2e-5, "1.200e−05"),
        ([2.5e9], [1e7], [], 2.5e9, "2.5000e+09"),
        # An outlier does not affect the others, and a value near zero needs no exponent.
        ([0.32, 4e8], [0.02, 1e8], [], 0.32, "0.3200"),
        ([0.3], [0.3], [], 0.31, "0.3100"),
        # Rounding errors are not a spread.
        ([0.9], [1e-16], [], 0.9, "0.9000"),
        # Six digits are enough, unless variants that differ would look the same.
        ([0.9], [1e-8], [], 0.9, "0.900000"),
        ([0.9], [1e-9], [2e-8], 0.90000002, "0.90000002"),
        ([], [], [], 0.5, "0.5000"),
        ([0.0], [0.0], [], 0.0, "0.0000"),
    ],
)
def test_digits_suit_size_and_spread(sizes, spreads, gaps, value, text):
    assert choose_digits(sizes, spreads, gaps).number(value) == text


@given(st.lists(st.tuples(VALUES, MAGNITUDES), min_size=1, max_size=6))
def test_shown_values_are_precise_and_aligned_in_columns(rows):
    digits = choose_digits([max(abs(mean), std) for mean, std in rows], [std for _, std in rows])
    shown = {value: digits.number(value) for row in rows for value in row}
    for value, text in shown.items():
        seen, half = read(text)
        assert abs(seen - value) <= half * (1 + 1e-9) + 1e-15 * abs(value)
        assert seen != 0
    unit = 10.0**-digits.places
    usual = [text for value, text in shown.items() if digits.scientific or unit <= abs(value) < LARGE]
    assert len({decimals(text) for text in usual}) <= 1


@given(st.lists(st.lists(st.one_of(VALUES, st.just(0.0), st.just(math.inf)), max_size=5), max_size=4))
def test_a_column_of_runs_shows_zero_only_for_zero(groups):
    digits = digits_of_runs(groups)
    for value in (value for group in groups for value in group if math.isfinite(value)):
        assert (read(digits.number(value))[0] == 0) == (value == 0)


@pytest.mark.parametrize(("scale", "mean"), [(1, "0.8437"), (1000, "843.67"), (1e-6, "8.437e−07"), (1e8, "8.4367e+07")])
def test_a_whole_report_uses_the_same_digits(scale, mean, tmp_path):
    scores = {"A": [scale * score for score in A], "B": [scale * score for score in B]}
    report = make_report(scores, accuracy_plan("A", metric="return", margin=0.02 * scale))
    text = render_results(report)
    assert f"| A | {mean} | " in text
    number = r"\d+\.\d+(?:e[+−]\d+)?"
    means = re.search(r"^\| A \| .*\| 3 \|$", text, re.MULTILINE)[0]
    difference = re.search(rf"\(Δ = \+({number}), 95% CI \[({number}), ({number})\]", text).groups()
    threshold, margin = re.search(rf"threshold ({number})", text)[1], re.search(rf"Shaded: .* ±({number})\.", text)
    shown = [*re.findall(number, means), *difference, threshold, *(margin.groups() if margin else ())]
    assert len(shown) >= 10
    assert {decimals(value) for value in shown} == {decimals(mean)}
    made = {path.name: content for path, content in paper_files(report, tmp_path).items()}
    assert mean in made["results.tex"].replace(r" \times 10^{-7}", "e−07").replace(r" \times 10^{7}", "e+07")
    assert f"A,3,{mean.replace('−', '-')}," in made["results.csv"]

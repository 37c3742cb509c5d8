"""Numbers as programs write them."""

from __future__ import annotations

import math

import pytest

from seedwise.trainers.command.outputs.numbers import NotANumberError, cut_off, number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1.5E+02,", 150),
        (".812", 0.812),
        ("5.", 5),
        ("5.03.", 5.03),
        ("+0.5", 0.5),
        ("−0.5", -0.5),
        ("84.2%", 84.2),
        ("(99%)", 99),
        ("9914/10000", 0.9914),
        ("9914 / 10000,", 0.9914),
        ("1,014.45", 1014.45),
        ("12,345,678.5", 12345678.5),
        ("inf", math.inf),
        ("-Infinity", -math.inf),
        (7, 7),
        (10**400, math.inf),
    ],
)
def test_numbers_are_read(text: object, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ["nan", "NaN,", "-nan", math.nan])
def test_nan_is_a_value(text: object) -> None:
    assert math.isnan(number(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,014", "its comma may be a decimal comma or separate thousands"),
        ("0,81", "its comma"),
        ("1.014,45", "its comma"),
        ("1_0.92", "not a number"),
        ("0x1p-1", "not a number"),
        ("#DIV/0!", "not a number"),
        ("N/A", "not a number"),
        ("3/0", "a division by zero"),
        ("50%/2", "not a number"),
        ("1 014.45", "not a number"),
        ("", "is empty"),
        (None, "is null"),
        (True, "is true"),
        ([1], "is a list"),
    ],
)
def test_what_could_be_misread_is_refused(text: object, said: str) -> None:
    with pytest.raises(NotANumberError, match=said):
        number(text)


@pytest.mark.parametrize(
    ("line", "part", "whole"),
    [
        ("lr 1.2e-05 next", "1.2", "1.2e-05"),
        ("return 1,014.45", "1", "1,014.45"),
        ("loss 5.03", "5", "5.03"),
        ("loss 5.03", "5.0", "5.03"),
        ("list 0.5,0.6", "0.5", None),
        ("acc 84.2%", "84.2", None),
        ("step 5,train", "5", None),
        ("Accuracy: 9914/10000", "9914", None),
        ("It ends with 5.", "5", None),
    ],
)
def test_a_number_that_is_cut_in_two_is_noticed(line: str, part: str, whole: str | None) -> None:
    start = line.index(part)
    assert cut_off(line, start, start + len(part)) == whole

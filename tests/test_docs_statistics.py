"""docs/statistics.md names every column, verdict and warning, and its numbers are what the code computes."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from seedwise.report.text.format import p_cell
from seedwise.statistics import (
    Verdict,
    detectable_effect_paired,
    percentile_coverage,
    permutation_test,
    rate_upper_bound,
    rule_rates,
    sigma_interval,
    sign_flip_test,
    t_interval,
)
from seedwise.statistics.analysis import COMPARISON_COLUMNS, SUMMARY_COLUMNS
from seedwise.statistics.planning import detectable_differences

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
WARNINGS = (ROOT / "seedwise" / "statistics" / "warnings.py").read_text(encoding="utf-8")
SEEDS = (3, 5, 10, 20)


def section(title):
    return re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL).group(1)


@pytest.mark.parametrize(
    ("title", "columns"), [("summary.csv", SUMMARY_COLUMNS), ("comparisons.csv", COMPARISON_COLUMNS)]
)
def test_exactly_the_existing_columns_are_explained(title, columns):
    first_cells = re.findall(r"^\| (`.*?) \|", section(title), re.MULTILINE)
    assert re.findall(r"`(\w+)`", " ".join(first_cells)) == list(columns)


def test_every_verdict_is_explained():
    assert re.findall(r"`([A-Z_]+)`", section("Verdicts")) == [str(verdict) for verdict in Verdict]


def test_every_warning_is_explained():
    codes = set(re.findall(r'DataWarning\(\s*"(\w+)"', WARNINGS))
    codes |= {f"mixed_{column}" for column in re.findall(r'^    "(\w+)": "', WARNINGS, re.MULTILINE)}
    assert (
        set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`.*?) \|", section("Warnings"), re.MULTILINE)))) == codes
    )


def _percent(rate):
    return f"{100 * rate:.2f} %" if rate >= 1e-4 else "< 0.01 %"


def _worth(n):
    """Compute the numbers of one column of the table."""
    apart = np.arange(n) / n
    sigma = sigma_interval(apart)
    unit = float(apart.std(ddof=1))
    false_separate, false_pooled = (
        rule_rates.separate_false_positives(n, n),
        rule_rates.pooled_false_positives(n, n),
    )
    smallest = permutation_test(apart + 9, apart).smallest_p if n <= 10 else 2 / math.comb(2 * n, n)
    flipped = sign_flip_test(apart + 9).smallest_p if n <= 10 else 2 / 2**n
    return [
        f"{100 * percentile_coverage(n):.1f} %",
        f"{100 * t_interval(apart).coverage:.1f} %",
        f"{sigma.low / unit:.2f} to {sigma.high / unit:.2f}",
        _percent(false_separate),
        f"{100 * rule_rates.separate_power(n, n):.1f} %",
        _percent(false_pooled),
        p_cell(smallest),
        p_cell(flipped),
        f"{float(detectable_differences(n, 1.0, 0.05)[0]):.2f}",
        f"{detectable_effect_paired(n):.2f}",
        f"{100 * rate_upper_bound(0, n):.1f} %",
    ]


def test_the_table_on_numbers_of_seeds_is_what_the_code_computes():
    rows = re.findall(r"^\| (?!---).*\|$", section("What each method is worth"), re.MULTILINE)
    cells = [[cell.strip() for cell in row.strip("|").split("|")][1:] for row in rows]
    assert cells[0] == [f"n = {n}" for n in SEEDS]
    assert [list(column) for column in zip(*cells[1:], strict=True)] == [_worth(n) for n in SEEDS]


def test_the_power_of_the_rule_of_thumb_is_that_of_simulated_studies():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, 20_000, 3))
    difference = (x + 2).mean(axis=1) - y.mean(axis=1)
    claimed = difference > 2 * np.sqrt(x.var(axis=1, ddof=1) + y.var(axis=1, ddof=1))
    assert claimed.mean() == pytest.approx(0.31, abs=0.01)
    assert stats.binomtest(int(claimed.sum()), claimed.size, rule_rates.separate_power(3, 3)).pvalue > 0.001


def test_the_program_prints_the_numbers_of_the_text(capsys):
    program = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL).group(1)
    assert "(4000, 2, 3)" in program
    program = program.replace("4000", "800")  # the rates themselves are those of tests/test_calibration.py
    exec("\n".join(line.removeprefix("  ") for line in program.splitlines()), {})
    bootstrap, welch = map(float, capsys.readouterr().out.split())
    assert bootstrap == pytest.approx(0.195, abs=0.04)
    assert welch == pytest.approx(0.033, abs=0.02)

"""Tables of runs: which columns are further metrics, and errors that name the table."""

from __future__ import annotations

import pandas as pd
import pytest

from seedwise.analysis.run_table import analyse_runs, other_metrics
from seedwise.basics.errors import UserError
from seedwise.plan import Plan

PLAN = Plan(metric="f1", higher_is_better=True, baseline="a")


F1 = [0.71230411, 0.71230411, 0.69418823, 0.73119273, 0.7240912, 0.75518301]


def table(**columns):
    return pd.DataFrame({"variant": list("aaabbb"), "seed": [0, 1, 2] * 2, "f1": F1, **columns})


def test_further_metrics_are_the_numeric_columns_that_are_not_fixed():
    runs = table(bleu=0.5, rouge=["0.1", "0.2", "", "0.4", "0.5", "0.6"], note="good", empty="", seconds=3.5, threads=1)
    assert other_metrics(runs, "f1") == ["bleu", "rouge"]


@pytest.mark.parametrize("as_written", [float, str])
def test_runs_that_tie_in_one_metric_and_differ_in_another_are_not_identical(as_written):
    tied = {warning.code for warning in analyse_runs("t.csv", table(), PLAN).warnings}
    told_apart = table(loss=[as_written(value / 7) for value in range(6)])
    assert "identical_runs" in tied
    assert tied - {warning.code for warning in analyse_runs("t.csv", told_apart, PLAN).warnings} == {"identical_runs"}


def test_an_error_names_the_table():
    with pytest.raises(UserError, match=r"^t\.csv: no baseline variant 'c'; found a, b"):
        analyse_runs("t.csv", table(), PLAN.model_copy(update={"baseline": "c"}))

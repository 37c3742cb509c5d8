"""A report at a look: its level is used wherever a difference is judged, and nowhere else."""

from __future__ import annotations

from made_studies import A, B, make_report, make_runs

from seedwise.analysis.looks import conclude
from seedwise.report.text.results import render_results
from seedwise.statistics.analysis import analyse
from seedwise.statistics.spending import spending_at
from tests.plans import accuracy_plan

PLAN = accuracy_plan("A", looks=(3, 5, 10))


def report(scores):
    n = len(scores["A"])
    spending = spending_at(PLAN.looks, n)
    found = analyse(make_runs(scores), PLAN, alpha=spending.nominal_alpha)
    verdicts = dict(zip(found.comparisons["variant"], found.comparisons["verdict"], strict=True))
    look = conclude(PLAN, range(n), spending.nominal_alpha, spending.spent, verdicts)
    tables = {"summary": found.summary, "comparisons": found.comparisons}
    return make_report(scores, PLAN, look=look, planned_seeds=range(10), **tables)


def test_an_early_look_claims_little_and_says_to_continue():
    text = render_results(report({"A": A, "B": B}))
    assert "Look 1 of 3, with 3 of 10 seeds: go on. Undecided: **B**." in text
    assert "A difference is claimed at this look where p is below 8.5e−05, and intervals of differences have" in text
    assert "of which 8.5e−05 is spent by now" in text
    assert "### B: NOT_SUPPORTED" in text
    assert "Δ = +0.0143, 99.99% CI [" in text
    assert "A claim needs p below 8.5e−05, and at least 3 seeds on both sides." in text
    assert "| Variant | Mean | Std | 95% t interval | 95% bootstrap CI | n |" in text
    assert "Seeds: 0, 1, 2." in text
    assert "| `seeds` | `[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]` |" in text
    assert "| `looks` | `[3, 5, 10]` |" in text


def test_a_large_difference_stops_a_study_early():
    far = {"A": [0.80, 0.81, 0.805, 0.80, 0.806], "B": [0.90, 0.91, 0.905, 0.90, 0.906]}
    text = render_results(report(far))
    assert "### B: BETTER" in text
    assert "with 5 of 10 seeds: stop. Every comparison is decided, and the other 5 seeds are not run." in text
    assert "of which 0.0031 is spent by now" in text


def test_the_last_look_spends_the_rest():
    text = render_results(report({"A": [*A * 3, 0.84], "B": [*A * 3, 0.85]}))
    assert "with 10 of 10 seeds: stop, because it is the last look." in text
    assert "where p is below 0.049, and intervals of differences have 95.1% confidence" in text
    assert "of which all is spent by now" in text
    assert "\n\n\n" not in text

"""Runs that diverged or failed: named with their reasons, shown with their numbers, and in no result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_studies import FAILED, A, B, make_report

from seedwise.report.figures import curves as curves_figure
from seedwise.report.page.page import render_page
from seedwise.report.text.limits import failure_lines
from seedwise.report.text.results import render_results

AT_CHANCE = "validation accuracy 0.0983 is no better than chance (0.1000 plus 3 standard errors is 0.2162)"
NOT_FINITE = "loss is not finite in epoch 1"


def report_with(scores, reasons, numbers=None, status="diverged"):
    """Return a report whose lost runs, those without a score, have these reasons and these scores, in their order."""
    report = make_report(scores, labels={"b": "*B*"})
    lost = report.runs["status"] == "diverged"
    runs = report.runs.assign(reason=None)
    runs.loc[lost, "reason"], runs.loc[lost, "status"] = reasons, status
    if numbers is not None:
        runs.loc[lost, report.plan.metric] = numbers
    return replace(report, runs=runs)


def lines(report):
    """Return the lines of the report's section of lost runs that are not counts."""
    section = render_results(report).partition("## Lost runs\n\n")[2].partition("\n\n")[0]
    return [line.removeprefix("- ") for line in section.splitlines() if " runs diverged" not in line]


def test_where_no_run_ended_or_all_failed_none_is_said_to_have_diverged():
    scores = {"a": A, "b": [FAILED, FAILED], "c": [FAILED], "d": [FAILED] * 2}
    report = make_report(scores)
    rows = [*report.summary_rows, replace(report.summary_rows[0], variant="e", n=0)]
    wording = replace(report.plain_wording, names={name: name for name in "abcde"})
    assert failure_lines(rows, wording)[1:] == [
        "b and d each: all 2 runs failed, but did not diverge.",
        "c: 1 run failed, but did not diverge.",
        "e: no run has ended.",
    ]


def test_every_lost_run_is_named_with_its_reason_and_those_of_one_reason_together():
    report = report_with({"a": A, "b": [None, 0.8, None, None]}, [NOT_FINITE, AT_CHANCE, NOT_FINITE])
    assert lines(report) == [
        r"**\*B\*** seeds 0 and 3 diverged: loss is not finite in epoch 1.",
        rf"**\*B\*** seed 2 diverged: {AT_CHANCE}.",
    ]


def test_the_score_of_a_lost_run_is_in_the_table_and_the_report_says_that_no_result_includes_it():
    scores, reasons = {"a": A, "b": [*B, None, None]}, [AT_CHANCE, NOT_FINITE]
    with_score, without = report_with(scores, reasons, [0.1003, np.nan]), report_with(scores, reasons)
    assert lines(with_score) == [
        *lines(without),
        "The test accuracy that a lost run has is in the table of all runs; no mean or interval includes it.",
    ]
    assert r"| \*B\* | 3 | diverged | 0.1003 |" in render_results(with_score)
    results = [render_results(report).partition("## Lost runs")[0] for report in (with_score, without)]
    assert results[0] == results[1]


def test_a_run_without_a_reason_is_named_too():
    assert lines(make_report({"a": A, "b": [0.8, None]})) == ["**b** seed 1 diverged: no reason is recorded."]
    report = report_with({"a": A, "b": [0.8, None]}, ["crashed"], status="failed")
    assert lines(report) == [r"**\*B\*** seed 1 failed: crashed."]


def test_no_more_than_ten_lines_and_ten_seeds_in_each():
    many = report_with({"a": A, "b": [None] * 25}, [NOT_FINITE] * 25)
    assert lines(many) == [
        rf"**\*B\*** seeds 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 15 more diverged: {NOT_FINITE}.",
    ]
    different = lines(report_with({"a": A, "b": [None] * 25}, [f"reason {seed}" for seed in range(25)]))
    assert len(different) == 11
    assert different[-1] == "And 15 more, which are in the table of all runs."


def test_what_others_wrote_is_literal_text_on_one_short_line():
    hostile = "</td><img src=x onerror='alert(1)'> *x* | [y](http://z)\n# heading\n" + "long " * 200
    report = report_with({"a": A, "b": [0.8, None]}, [hostile], status="failed")
    (line,) = lines(report)
    shown = r"**\*B\*** seed 1 failed: \</td\>\<img src=x onerror='alert(1)'\> \*x\* \| \[y\](http://z) \# heading long"
    assert line.startswith(shown)
    assert line.endswith(" long…")
    assert len(line) < 300
    page = render_page(report)
    assert "<img" not in page
    assert page.count("&lt;img src=x") == 2  # in the section, and where the pointer rests on the status


def test_the_page_marks_a_verdict_that_hangs_on_lost_runs_and_explains_its_words():
    page = render_page(make_report({"A": [0.80, 0.81, 0.805, 0.79], "B": [0.85, 0.86, 0.855, None, None, None]}))
    assert '<b class="verdict aside">hangs on lost runs</b>' in page
    assert "<em>Seed</em>: the number that starts everything random in a run." in page
    assert '<b class="verdict aside">' not in render_page(make_report({"A": A, "B": [score + 0.1 for score in B]}))


def test_the_page_names_the_lost_runs_as_the_report_does():
    page = render_page(report_with({"a": A, "b": [*B, None]}, [AT_CHANCE], [0.1003]))
    section = page.partition("<h3>Lost runs</h3>")[2].partition("</ul>")[0]
    assert f"<strong>*B*</strong> seed 3 diverged: {AT_CHANCE}." in section
    assert f'<td title="{AT_CHANCE}">diverged</td>' in page
    assert 'data-value="0.1003">0.1003</td>' in page


@pytest.mark.parametrize("lost_score", [0.1, np.nan])
def test_curves_average_over_the_runs_that_were_not_lost(lost_score, monkeypatch, tmp_path):
    report = report_with({"a": A, "b": [0.8, 0.9, None]}, [AT_CHANCE], [lost_score])
    histories = {
        (run.variant, run.seed): pd.DataFrame({"epoch": [1, 2], "accuracy": [0.1, 0.1 if run.lost else 0.7]})
        for run in report.run_rows
    }
    drawn = []
    mean_curve = curves_figure.mean_curve
    monkeypatch.setattr(
        curves_figure, "mean_curve", lambda found, column: drawn.append(found) or mean_curve(found, column)
    )
    figure = (tmp_path / "curves.png", tmp_path / "curves.svg")
    curves_figure.plot_curves(replace(report, histories=histories, panels=("accuracy",)), *figure)
    assert [[history["accuracy"].iloc[-1] for history in found] for found in drawn] == [[0.7] * 3, [0.7] * 2]

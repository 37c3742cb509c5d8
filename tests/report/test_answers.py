"""The short answers: which variant is better, how certain that is, and how many seeds would be needed."""

from __future__ import annotations

import dataclasses

import pytest
from made_studies import A, B, C, make_report

from seedwise.report.text.answers import headline, question, runs_line, short_answers
from seedwise.report.text.results import render_results
from tests.plans import accuracy_plan

PLAN = accuracy_plan("A")
CLEAR = [0.900, 0.898, 0.901]


def plain(report):
    """Return the wording of a report without bold names."""
    return report.plain_wording


def answer(scores, plan=PLAN, next_look=None, **changes):
    """Return the answer on the first comparison."""
    report = make_report(scores, plan, **changes)
    return short_answers(report.summary_rows, report.comparison_rows, plain(report), next_look)[0]


def headline_of(scores, **changes):
    report = make_report(scores, PLAN, **changes)
    return headline(report.comparison_rows, plain(report))


def question_of(scores):
    report = make_report(scores, PLAN)
    return question(report.comparison_rows, plain(report))


def test_a_clear_gain_is_better_and_settled():
    expected = answer({"A": A, "B": CLEAR})
    assert expected.found.startswith(
        "B is **better** than A: its mean test accuracy is 0.0560 higher; true differences from"
    )
    assert expected.sure.startswith(
        "Sure by the plan's standard, by which luck alone passes in at most 5% of studies: equal"
    )
    assert expected.settle.startswith("Nothing more")


def test_a_lower_loss_is_better():
    loss = accuracy_plan("A", metric="test_loss", higher_is_better=False)
    assert "B is **better** than A: its mean test loss is 0.0560 lower" in answer({"A": CLEAR, "B": A}, loss).found
    assert "B is **worse** than A: its mean test loss is 0.0560 higher" in answer({"A": A, "B": CLEAR}, loss).found


def test_an_unsettled_answer_says_how_many_seeds_would_settle_it():
    expected = answer({"A": A, "B": C})
    assert expected.found.startswith("B against A is **not settled**: its mean test accuracy is 0.0010 higher;")
    assert "anywhere from 0.0126 worse to 0.0146 better fit these runs (95% CI)" in expected.found
    assert expected.sure.startswith("Not sure enough: equal variants would show a gap this large in 84% of studies")
    assert expected.sure.endswith("This does not show that they are equal.")
    assert expected.settle.startswith("About 509 seeds per variant instead of 3, in a new study with seeds of its own")


def test_a_difference_that_is_not_significant_only_after_correction_is_explained():
    expected = answer({"A": A, "B": B, "C": C})
    assert "(p = 0.0476; 0.0953 after correcting for 2 comparisons)" in expected.sure
    assert "Alone it would pass; with 2 chances to be fooled it does not." in expected.sure


def test_fragile_claims_ask_for_a_repeat():
    expected = answer({"A": A, "B": B})
    assert "fragile" in expected.sure
    assert expected.settle.startswith("A repeat in a new study")


@pytest.mark.parametrize(("needed", "expected"), [(10_000, "No practical number of seeds"), (3, "More than 3 seeds")])
def test_answers_that_no_number_of_seeds_or_the_present_number_would_settle(needed, expected):
    report = make_report({"A": A, "B": B, "C": C}, PLAN)
    rows = [dataclasses.replace(row, seeds_needed=needed) for row in report.comparison_rows]
    assert short_answers(report.summary_rows, rows, plain(report))[0].settle.startswith(expected)


def test_equivalence_names_the_margin():
    tight = [0.9, 0.9001, 0.8999]
    expected = answer({"A": tight, "B": tight[::-1]}, accuracy_plan("A", margin=0.01))
    assert expected.found.startswith("B is **as good as** A, give or take the declared margin of 0.0100")
    assert "variants that differ by more pass this in at most 5% of studies" in expected.sure


def test_exploratory_answers_claim_nothing():
    expected = answer({"A": A, "B": CLEAR}, exploratory=["seeds were added"])
    assert expected.found.startswith("B looks **better** than A")
    assert expected.sure.startswith("By the numbers, which confirm nothing here")
    assert expected.settle.startswith("A confirmation")
    assert headline_of({"A": A, "B": CLEAR}, exploratory=["seeds were added"]).startswith(
        "Exploratory, to be confirmed: B is better"
    )


def test_an_undecided_look_waits_for_the_next():
    assert answer({"A": A, "B": C}, next_look=5).settle == "The next declared look, at 5 seeds per variant."
    assert answer({"A": A, "B": CLEAR}, next_look=5).settle.startswith("Nothing more")


def test_too_few_seeds_and_constant_results_cannot_be_judged():
    few = answer({"A": [0.8], "B": [0.9]})
    assert few.found == "B against A **cannot be judged**: 1 seed gave a result."
    assert few.sure == ""
    assert few.settle.startswith("At least 3 finished runs")
    constant = answer({"A": [0.9] * 3, "B": [0.9] * 3})
    assert "do not vary between seeds" in constant.found


def test_the_headline_says_when_nothing_is_better_and_when_the_best_is_unknown():
    assert headline_of({"A": A, "B": C}) == "No variant is shown to be better than A."
    higher = [score + 0.1 for score in CLEAR]
    assert headline_of({"A": A, "B": CLEAR, "C": higher}) == (
        "B and C are better than A. Which of them is best was not asked: each is compared with the baseline only."
    )


def test_the_question_and_the_runs():
    assert question_of({"A": A, "B": B}) == "Is B better or worse than A in test accuracy (higher is better)?"
    assert question_of(dict.fromkeys("ABCDE", A)).startswith("Which of 4 variants are better or worse than A")
    assert question_of({"A": A}) == ""
    assert runs_line(["finished", "diverged", "finished", "missing"], 2, 2) == (
        "3 of 4 planned runs are in (2 variants × 2 seeds): 2 finished, 1 diverged, 0 failed, 1 missing."
    )


def test_the_answers_come_first():
    text = render_results(make_report({"A": A, "B": CLEAR}))
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings[:4] == [
        "## In short",
        "## Setup",
        "## Results",
        "## Is the gap larger than the seed-to-seed variance?",
    ]
    assert headings[-1] == "## How to reproduce"
    assert "**B is better than A.**" in text
    assert "all 6 planned runs are in (2 variants × 3 seeds): 6 finished, 0 diverged, 0 failed. Seeds: 0, 1, 2." in text

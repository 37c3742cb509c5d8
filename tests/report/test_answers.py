"""The short answers: which variant is better, how certain that is, and how many seeds would be needed."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from made_studies import A, B, C, make_report, make_runs

from seedwise.report.text.answers import headline, question, runs_line, short_answers
from seedwise.report.text.results import render_results
from seedwise.statistics.analysis import seeds_if_paired
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
    return headline(report.summary_rows, report.comparison_rows, plain(report))


def question_of(scores):
    report = make_report(scores, PLAN)
    return question(report.comparison_rows, plain(report))


def test_a_clear_gain_is_better_and_settled():
    expected = answer({"A": A, "B": CLEAR})
    assert expected.found == (
        "B is **better** than A: its mean test accuracy is higher by 0.0560, plausibly by 0.0405 to 0.0715 (95% CI)."
    )
    assert expected.sure == (
        "Sure enough: equal variants would show a gap this large in 0.33% of studies (p = 0.0033); a claim needs p "
        "below 0.05. By this standard luck alone passes in about 5% of studies."
    )
    assert expected.settle.startswith("Nothing more: by the declared plan")


def test_nothing_is_called_declared_where_nothing_was():
    tight, clear = [0.9, 0.9001, 0.8999], [0.96, 0.958, 0.961]
    plan = accuracy_plan("A", margin=0.01)
    scores = {"A": tight, "B": clear, "C": [0.9002, 0.9, 0.8999], "D": [0.9, 0.95, 0.85]}
    for changes in ({"study": None}, {"pulled": True}):
        text = render_results(make_report(scores, plan, **changes))
        assert "## The plan\n" in text
        assert "(#the-plan)" in text
        assert "declared" not in text.replace("that pairing, declared beforehand,", "")
        assert "if what decides was chosen before the results were seen" in text
    assert "under the declared plan" in render_results(make_report(scores, plan))


def test_a_lower_loss_is_better():
    loss = accuracy_plan("A", metric="test_loss", higher_is_better=False)
    assert "B is **better** than A: its mean test loss is lower by 0.0560," in answer({"A": CLEAR, "B": A}, loss).found
    assert "B is **worse** than A: its mean test loss is higher by 0.0560," in answer({"A": A, "B": CLEAR}, loss).found


def test_an_unsettled_answer_says_how_many_seeds_would_settle_it():
    expected = answer({"A": A, "B": [0.856, 0.846, 0.861]})
    assert expected.found == (
        "B against A is **not settled**: its mean test accuracy is higher by 0.0107, but anything from 0.0057 worse to "
        "0.0270 better is plausible (95% CI)."
    )
    assert expected.sure.startswith(
        "Not sure enough: equal variants would show a gap this large in 14% of studies (p = 0.1436); a claim needs p "
        "below 0.05. This does not show that they are equal."
    )
    assert expected.settle == (
        "About 9 seeds per variant instead of 3, in a new study with seeds of its own: 80% of such studies claim a "
        "difference if the true gap is as large as the one seen here (it may well be smaller)."
    )


TOGETHER = {"A": [0.822, 0.792, 0.795, 0.807, 0.78], "B": [0.812, 0.782, 0.783, 0.788, 0.778]}
"""Runs of one seed that go up and down together."""


def test_pairing_is_advice_for_a_new_study_where_seeds_go_up_and_down_together():
    settle = answer(TOGETHER).settle
    assert settle.startswith("About 32 seeds per variant instead of 5, in a new study with seeds of its own")
    assert settle.endswith(
        "Runs of one seed go up and down together here: a new study that pairs them (`pairing: seed`, declared before "
        "its runs) would need about 5. That is no reason to judge these runs again by another test."
    )
    loss = accuracy_plan("A", metric="test_loss", higher_is_better=False)
    assert "would need about" in answer(TOGETHER, loss).settle


@pytest.mark.parametrize(
    ("scores", "plan"),
    [
        (TOGETHER, accuracy_plan("A", pairing="seed")),
        ({**TOGETHER, "B": TOGETHER["B"][::-1]}, PLAN),
        ({**TOGETHER, "B": [*TOGETHER["B"], 0.79]}, PLAN),
        ({"A": A, "B": [0.856, 0.846, 0.861]}, PLAN),
    ],
    ids=["paired already", "not together", "other seeds", "three seeds"],
)
def test_pairing_is_no_advice_elsewhere(scores, plan):
    assert "pairs them" not in answer(scores, plan).settle


def test_runs_that_only_seem_to_go_together_are_rare():
    noise = np.random.default_rng(1)
    runs = [make_runs({name: noise.normal(0, 1, 5) for name in "ABC"}) for _ in range(400)]
    advised = sum(bool(seeds_if_paired(each, PLAN)) for each in runs)
    assert advised <= 0.05 * 400 + 3 * np.sqrt(400 * 0.05 * 0.95)


def test_lost_runs_do_not_change_how_many_seeds_were_declared():
    scores = {"A": [0.842, 0.838, 0.851, 0.846, 0.84], "B": [0.848, 0.836, None, 0.859, 0.851]}
    assert re.match(
        r"About \d+ seeds per variant instead of 5 \(4 have a result\), in a new study", answer(scores).settle
    )
    assert "instead of 4, in a new study" in answer(scores, study=None).settle, "a table declares no seeds"


def test_an_unsettled_loss_says_which_way_is_worse():
    loss = accuracy_plan("A", metric="test_loss", higher_is_better=False)
    assert "its mean test loss is higher by 0.0010 (worse), but anything from" in answer({"A": A, "B": C}, loss).found


def test_hundreds_of_seeds_are_no_advice():
    assert answer({"A": A, "B": C}).settle == (
        "Hardly more seeds: a gap as small as this one takes about 510 per variant. Declare a `margin`, the smallest "
        "difference that matters, for the next study, or look for a change with a larger effect."
    )
    small = answer({"A": A, "B": C}, accuracy_plan("A", margin=0.001)).settle
    assert small.startswith("Hardly more seeds: a gap as large as the declared margin (0.0010) takes about 510 per")
    uncertain = answer({"A": A, "B": [0.851, 0.838, 0.854]}).settle
    assert uncertain.startswith("The gap seen here is too uncertain to plan seeds on. Declare a `margin`")


def test_a_gap_that_is_too_uncertain_to_plan_on_has_no_number_of_seeds_in_the_table_either():
    text = render_results(make_report({"A": A, "B": [0.851, 0.838, 0.854]}, PLAN))
    assert "| Variant | Observed difference | Detectable difference | Seeds to detect the observed one |" in text
    assert "| B | +0.0040 | 0.0271 | too uncertain |" in text
    assert "(“too uncertain”: at p above 0.5 it says nothing about the true one)" in text
    certain = render_results(make_report({"A": A, "B": [0.856, 0.846, 0.861]}, PLAN))
    assert "too uncertain" not in certain


def test_a_difference_that_is_not_significant_only_after_correction_is_explained():
    expected = answer({"A": A, "B": B, "C": C})
    assert "in 4.8% of studies. Corrected for 2 comparisons, p = 0.0953; a claim needs p below 0.05." in expected.sure
    assert "plausibly by 0.0003 to 0.0284 (95% CI, for this comparison alone)" in expected.found
    assert "Alone it would pass; with 2 chances to be fooled it does not." in expected.sure


def test_fragile_claims_ask_for_a_repeat():
    expected = answer({"A": A, "B": B})
    assert "fragile" in expected.sure
    assert expected.settle.startswith("A repeat in a new study")


@pytest.mark.parametrize(
    ("needed", "expected"),
    [(10_000, "Hardly more seeds: a gap as small as this one takes 10000 or more"), (3, "More than 3 seeds")],
)
def test_answers_that_no_number_of_seeds_or_the_present_number_would_settle(needed, expected):
    report = make_report({"A": A, "B": B, "C": C}, PLAN)
    rows = [dataclasses.replace(row, seeds_needed=needed) for row in report.comparison_rows]
    assert short_answers(report.summary_rows, rows, plain(report))[0].settle.startswith(expected)


def test_equivalence_names_the_margin():
    tight = [0.9, 0.9001, 0.8999]
    expected = answer({"A": tight, "B": [0.9002, 0.9, 0.8999]}, accuracy_plan("A", margin=0.01))
    assert expected.found.startswith("B is **as good as** A, give or take the declared margin of 0.0100")
    assert "variants that differ by more pass this in at most about 5% of studies" in expected.sure


def test_exploratory_answers_claim_nothing():
    expected = answer({"A": A, "B": CLEAR}, exploratory=["seeds were added"])
    assert expected.found.startswith("B looks **better** than A")
    assert expected.sure.startswith("By the numbers, which confirm nothing here")
    assert expected.settle.startswith("A confirmation")
    assert headline_of({"A": A, "B": CLEAR}, exploratory=["seeds were added"]).startswith(
        "Exploratory, to be confirmed: B is better"
    )


def test_an_undecided_look_waits_for_the_next():
    assert (
        answer({"A": A, "B": C}, next_look=5).settle == "The next declared look, at 5 seeds per variant, may decide it."
    )
    assert answer({"A": A, "B": CLEAR}, next_look=5).settle.startswith("Nothing more")


def test_too_few_seeds_and_constant_results_cannot_be_judged():
    few = answer({"A": [0.8], "B": [0.9]})
    assert few.found == "B against A **cannot be judged**: only 1 seed gave a result."
    assert few.sure == ""
    assert few.settle.startswith("At least 3 finished runs")
    constant = answer({"A": [0.9] * 3, "B": [0.9] * 3})
    assert "do not vary between seeds" in constant.found


def test_why_nothing_can_be_judged_is_said_as_it_is():
    lost = answer({"A": A, "B": [None, None, None]})
    assert lost.found == "B against A **cannot be judged**: every run of B was lost."
    base = [0.84, 0.85, 0.86]
    paired = answer({"A": base, "B": [0.85, 0.86, 0.87]}, accuracy_plan("A", pairing="seed"))
    assert "the *differences* between runs of one seed do not vary" in paired.found
    infinite = answer({"A": A, "B": [0.9, 0.91, float("inf")]})
    assert "a finished run has no finite result" in infinite.found


def test_a_variant_without_a_run_left_is_named_once_in_the_headline():
    lost = [None] * 3
    assert headline_of({"A": A, "B": lost}) == "B cannot be judged, because all 3 of its runs were lost."
    assert headline_of({"A": lost, "B": A}) == "B cannot be judged, because all 3 runs of A were lost."
    assert (
        headline_of({"A": A, "B": lost, "C": [None]}) == "B and C cannot be judged, because all their runs were lost."
    )
    early = headline_of({"A": A[:2], "B": [None], "C": [0.8]}, exploratory=["This is an interim report"])
    assert early == "C cannot be judged: too few seeds; B cannot be judged, because its only run was lost."
    some = headline_of({"A": CLEAR, "B": [score + 0.1 for score in CLEAR], "C": lost})
    assert some.startswith("B is better than A; C cannot be judged, because all 3 of its runs were lost. ")


def test_lost_runs_are_in_the_headline_and_a_verdict_that_hangs_on_them_is_not_settled():
    scores = {"A": [0.80, 0.81, 0.805, 0.79, 0.80, 0.802], "B": [0.85, 0.86, 0.855, None, None, None]}
    assert headline_of(scores) == (
        "B is better than A. 3 of 6 runs of B were lost, and the verdict on B hangs on them."
    )
    expected = answer(scores)
    assert expected.settle.startswith(
        "The lost runs: the verdict would be “not settled” had they finished at 0.7900, the worst value of any run "
        "here."
    )
    assert "Nothing more" not in expected.settle


def test_lost_runs_that_would_change_nothing_are_named_too():
    many = [0.90, 0.901, 0.899, 0.9005, 0.8995, 0.9002, 0.8998, 0.9001, 0.9003]
    scores = {"A": [score - 0.1 for score in many], "B": [*many, None]}
    plan = accuracy_plan("A", lost_value=0.89)
    report = make_report(scores, plan)
    assert headline(report.summary_rows, report.comparison_rows, plain(report)) == (
        "B is better than A. 1 of 10 runs of B was lost; had it finished at 0.89000, the value declared for a lost "
        "run, or at the mean of the others, the verdict would be the same."
    )


CHECK = (
    "Compare their logs, or a finer metric, such as a loss: if these differ, {}, and test accuracy is too coarse to "
    "show it (few digits, or few test examples)."
)
SPREAD = [0.9, 0.91, 0.92, 0.905, 0.915]


def test_a_doubt_about_the_runs_follows_the_finding_and_says_how_to_check():
    assert headline_of({"A": A, "B": A}) == (
        "B is not settled: these runs do not show it to be better or worse than A. But did the setting take effect? "
        f"B and A agree seed by seed to the last digit. {CHECK.format('it did')}"
    )
    assert headline_of({"A": [0.8] * 5, "B": SPREAD}).startswith(
        "B is better than A. But is the seed used? All runs of A agree to the last digit, although their seeds differ. "
        f"{CHECK.format('the seed is used')}"
    )
    loss = make_report({"A": [0.8] * 5, "B": SPREAD}, accuracy_plan("A", metric="test_loss", higher_is_better=False))
    assert "or a finer metric: if" in headline(loss.summary_rows, loss.comparison_rows, plain(loss))


def test_a_doubt_is_in_the_headline_once_and_names_only_the_variant_that_causes_it():
    some = [0.80123, 0.80123, 0.80123, 0.80123, 0.80345]
    found = headline_of({"A": some, "B": SPREAD, "C": [score + 0.001 for score in SPREAD]})
    assert found.startswith(
        "B and C are better than A. Which of them is best was not asked: each is compared with the baseline only. But "
        "is the seed used? Some runs of A agree"
    )
    assert found.count("seed used?") == 1
    many = {"A": SPREAD} | {name: [0.8 + 0.01 * i] * 5 for i, name in enumerate("BCDE")}
    assert "All runs of 4 variants agree" in headline_of(many)
    assert headline_of({"A": A, **dict.fromkeys("BC", A)}).count("B, C and A agree seed by seed") == 1


def test_what_would_settle_a_doubtful_verdict_keeps_its_advice():
    claimed = answer({"A": [0.8] * 5, "B": SPREAD})
    assert claimed.sure.startswith("Sure enough, if the seed is used: equal variants")
    assert claimed.settle == (
        "First find out whether the seed is used; then nothing more: by the declared plan it is settled for this "
        "set-up and this test set."
    )
    unsettled = answer({"A": [0.9] * 5, "B": [0.9, 0.912, 0.915, 0.895, 0.905]})
    assert unsettled.sure.endswith("This does not show that they are equal.")
    assert unsettled.settle.startswith(
        "First find out whether the seed is used. About 21 seeds per variant instead of 5"
    )
    same = answer({"A": A, "B": A}, accuracy_plan("A", margin=0.05))
    assert same.sure.startswith("Sure enough, if the setting took effect: ")
    assert same.settle.startswith("First find out whether the setting took effect; then nothing more")
    assert answer({"A": A, "B": A}).settle == "First find out whether the setting took effect."


def test_what_weakens_a_verdict_twice_is_one_but():
    scores = {"A": [0.80, 0.81, 0.805, 0.79, 0.80, 0.802], "B": [0.85, 0.82, 0.855, 0.82, None, None]}
    sure = answer(scores).sure
    assert (
        " But runs were lost, and the verdict hangs on them. It is also *fragile*: it would be different with" in sure
    )
    assert sure.count("But") == 1


def test_a_small_gain_is_called_smaller_than_what_matters():
    tight = [0.9, 0.9001, 0.8999, 0.9, 0.9001]
    found = answer({"A": tight, "B": [score + 0.002 for score in tight]}, accuracy_plan("A", margin=0.01)).found
    assert "better** than A, by less than the smallest difference that matters (0.010000)" in found


def test_what_would_show_equality_is_said_where_a_margin_is_declared():
    settle = answer({"A": A, "B": C}, accuracy_plan("A", margin=0.005)).settle
    assert "instead of 3" in settle
    assert "If they are equal, 80% of studies with 24 seeds per variant show it within the margin." in settle


def test_corrected_for_several_comparisons_more_seeds_are_needed():
    alone = make_report({"A": A, "B": C}, PLAN).comparison_rows[0]
    among = make_report({"A": A, "B": C, **{f"D{i}": B for i in range(19)}}, PLAN).comparison_rows[0]
    assert among.seeds_needed > 1.8 * alone.seeds_needed
    assert among.detectable_difference > alone.detectable_difference


def test_the_headline_says_first_what_was_found_and_then_what_is_open():
    higher, unsure = [score + 0.1 for score in CLEAR], "these runs do not show"
    assert headline_of({"A": A, "B": C}) == f"B is not settled: {unsure} it to be better or worse than A."
    assert headline_of({"A": A, "B": C, "C": C}) == (
        f"B and C are not settled: {unsure} them to be better or worse than A."
    )
    assert headline_of({"A": A, **dict.fromkeys("BCDE", C)}).endswith(
        f"4 variants are not settled: {unsure} any of them to be better or worse than A."
    )
    assert headline_of({"A": CLEAR, "B": A, "C": [0.9, 0.89, 0.91]}) == "B is worse than A; C is not settled."
    assert headline_of({"A": CLEAR, "B": higher, "C": A, "D": [0.9]}) == (
        "B is better than A; C is worse; D cannot be judged: too few seeds."
    )
    assert headline_of({"A": A, "B": CLEAR, "C": higher}) == (
        "B and C are better than A. Which of them is best was not asked: each is compared with the baseline only."
    )
    assert headline_of({"A": A, "B": B}) == (
        "B is better than A. The verdict on B is fragile: it would be different by another test."
    )


def test_the_headline_counts_what_a_fragile_verdict_hangs_on_and_the_answer_names_it():
    scores = {"A": [0.822, 0.792, 0.795, 0.807, 0.78], "B": [0.812, 0.782, 0.783, 0.788, 0.778]}
    report = make_report(scores, accuracy_plan("A", pairing="seed"))
    short = headline(report.summary_rows, report.comparison_rows, plain(report))
    assert short == (
        "B is worse than A. The verdict on B is fragile: it would be different without any one of 3 seeds or by "
        "another test."
    )
    named = "without seed 0 in both arms, without seed 1 in both arms, without seed 2 in both arms or by the unpaired"
    assert named in answer(scores, accuracy_plan("A", pairing="seed")).sure


def test_the_question_and_the_runs():
    assert question_of({"A": A, "B": B}) == "Is B better or worse than A in test accuracy (higher is better)?"
    assert question_of(dict.fromkeys("ABCDE", A)).startswith("Which of 4 variants are better or worse than A")
    assert question_of({"A": A}) == ""
    assert runs_line(["finished", "diverged", "finished", "missing"], 2, 2) == (
        "3 of 4 planned runs have ended (2 variants × 2 seeds): 2 finished, 1 diverged, 0 failed, 1 missing."
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
    assert (
        "all 6 planned runs have ended (2 variants × 3 seeds): 6 finished, 0 diverged, 0 failed. Seeds: 0, 1, 2."
        in text
    )

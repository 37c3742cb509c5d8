"""The sentences that state the verdicts."""

from __future__ import annotations

import dataclasses

import pytest
from made_studies import A, B, C, make_report

from seedwise.report.text import captions, sentences
from seedwise.report.text.details import comparison_text, evidence_note, evidence_table
from seedwise.report.text.tables import seeds_cell
from seedwise.statistics import rule_rates
from seedwise.statistics.verdict import Verdict
from tests.plans import accuracy_plan

PLAN = accuracy_plan("A")


def plain(scores, plan=PLAN, **changes):
    """Return the rows of a study, and the wording of its report without bold names."""
    report = make_report(scores, plan, **changes)
    return report.summary_rows, report.comparison_rows, report.plain_wording


def bottom_line(scores, plan=PLAN, **changes):
    return sentences.bottom_line(*plain(scores, plan, **changes))


def worth(scores):
    summaries, _, wording = plain(scores)
    return sentences.percentile_worth(summaries, wording)


@pytest.fixture
def b_against_a():
    return plain({"A": A, "B": B})[1][0]


@pytest.fixture
def wording():
    return plain({"A": A, "B": B, "C": C})[2]


def evidence(scores, plan=PLAN):
    """Return the text, the table of evidence and its note on the first comparison."""
    _, comparisons, wording = plain(scores, plan)
    first = comparisons[0]
    table = evidence_table(first, wording, len(comparisons))
    text = comparison_text(first, wording)
    return "\n".join([text, table, evidence_note(first, len(comparisons))])


def test_percentile_interval_at_three_seeds():
    assert worth({"A": A}) == (
        "With 3 seeds the 95% percentile bootstrap is just the observed range; for roughly normal seed noise it "
        "contains the true mean about 75% of the time. The t interval (95%) is [0.8271, 0.8602] for A."
    )


def test_percentile_interval_at_more_seeds_is_not_called_the_range():
    text = worth({"A": [*A, 0.84, 0.845]})
    assert "range" not in text
    assert "With 5 seeds" in text
    assert "about 84% of the time" in text


def test_equal_runs_of_one_variant_have_no_interval():
    assert bottom_line({"A": [0.905] * 3}) == (
        "All 3 runs of A have the same test accuracy, 0.9050 (higher is better): without a spread there is no "
        "interval, and nothing is known of another seed. No other variant is compared with it."
    )


def test_one_seed_of_one_variant_supports_no_claim():
    summaries, _, wording = plain({"A": [0.84]})
    assert sentences.alone_sentence(summaries[0], wording) == (
        "The test accuracy of A is 0.8400 (higher is better) with a single seed, which supports no claim: how far "
        "another seed would move it is unknown. No other variant is compared with it."
    )


def test_percentile_interval_of_one_seed_and_of_none():
    assert worth({"A": [0.9], "B": [None]}) == (
        "There is no mean and no interval for B. With 1 seed there is no interval: nothing shows how far off another "
        "seed would be."
    )


def test_better():
    assert bottom_line({"A": A, "B": B}) == (
        "B is better than A under the declared plan (Δ = +0.0143, 95% CI [0.0003, 0.0284], p = 0.0476). The "
        "verdict on B is fragile: it would be different by the paired t test. The interval covers new seeds on this "
        "test set, not new test sets."
    )


def test_worse_where_lower_is_better():
    plan = accuracy_plan("A", metric="test_loss", higher_is_better=False)
    text = bottom_line({"A": A, "B": B}, plan)
    assert text.startswith("B is worse than A under the declared plan (Δ = −0.0143, 95% CI [−0.0284, −0.0003]")


def test_difference_that_is_not_supported_is_not_called_equality():
    assert bottom_line({"A": A, "C": C}) == (
        "The data do not support a difference between C and A (Δ = +0.0010, 95% CI [−0.0126, 0.0146], p = "
        "0.8414). This is not evidence of equality: with 3 seeds only differences above 0.0205 would be detected 80% "
        "of the time. The interval covers new seeds on this test set, not new test sets."
    )


def test_equivalent_names_the_margin_and_the_narrower_interval(b_against_a):
    row = dataclasses.replace(b_against_a, verdict="EQUIVALENT", equivalence_low=-0.01, equivalence_high=0.015)
    text = sentences.verdict_sentence(row, plain({"A": A, "B": B}, accuracy_plan("A", margin=0.02))[2])
    assert text.startswith(
        "B and A are equivalent within the declared margin ±0.0200: the 90% CI of the difference, [−0.0100, 0.0150], "
        "lies inside it"
    )


def test_too_few_seeds_and_undefined_say_why(b_against_a, wording):
    few = dataclasses.replace(b_against_a, verdict="TOO_FEW_SEEDS", n=1, n_baseline=1)
    assert sentences.verdict_sentence(few, wording) == (
        "B and A cannot be compared with 1 seed that gave a result: a verdict needs at least 3 on both sides."
    )
    undefined = dataclasses.replace(b_against_a, verdict="UNDEFINED")
    assert "B with A is undefined" in sentences.verdict_sentence(undefined, wording)


def test_unequal_arms_are_both_counted(b_against_a):
    assert sentences.seeds_words(dataclasses.replace(b_against_a, n=2, n_baseline=1)) == "2 against 1 seed"
    assert sentences.seeds_words(dataclasses.replace(b_against_a, n=3, n_baseline=5)) == "3 against 5 seeds"


@pytest.mark.parametrize("verdict", sorted({*Verdict} - {Verdict.TOO_FEW_EXAMPLES}))  # which no study has
def test_variants_of_one_verdict_share_a_sentence(b_against_a, wording, verdict):
    group = [dataclasses.replace(b_against_a, variant=name, verdict=verdict) for name in ("B", "C")]
    text = sentences.bottom_line([], group, wording)
    assert "B" in text.split(".")[0] or "B (Δ" in text
    assert " and C" in text
    claims = verdict not in ("TOO_FEW_SEEDS", "NO_RESULT", "UNDEFINED")
    assert ("new test sets" in text) == claims
    assert ("fragile" in text) == claims


def test_exploratory_verdicts_claim_nothing_under_the_plan():
    assert sentences.verdict_word("BETTER", True) == "EXPLORATORY BETTER"
    assert sentences.verdict_word("BETTER", False) == "BETTER"
    text = bottom_line({"A": A, "B": B}, exploratory=["seeds were added"])
    assert text.startswith("**EXPLORATORY**: ")
    assert "B is better than A in this exploratory analysis" in text
    assert "under the declared plan" not in text


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ((0, 3, 0.6316), "0 of 3 runs diverged; 3 runs cannot rule out a rate of up to 63%."),
        ((1, 1, 1.0), "1 of 1 run diverged."),
        ((0, 0, None), "no run has ended."),
    ],
)
def test_diverged(args, text):
    assert sentences.diverged_sentence(*args) == text


def test_evidence_shows_every_method_of_vector_2():
    text = evidence({"A": A, "B": B})
    for part in (
        "| Rule of thumb: gap > 2 × √(s₁² + s₂²) | threshold 0.0146, not exceeded | no difference shown | 2.6% |",
        "gap > 2 × the pooled standard deviation | threshold 0.0103, exceeded | a difference | 7% |",
        "finds 31%",
        "| p = 0.1000; 3 seeds cannot give less than 0.1000 | nothing: it can never reach 0.05 | 0% |",
        "| 9 of 9 pairs of runs (95% CI of the chance: [0.34, 1.00]) |",
        "| 2.21 seed standard deviations, 95% CI [0.27, 5.16] |",
        "| [0.0070, 0.0207] | a difference | 19.5% |",
        "| **Welch's t test**, which decides | p = 0.0476 | a difference | about 5% |",
        "**Fragile**",
    ):
        assert part in text


def test_evidence_explains_a_p_value_that_is_not_significant_only_after_correction():
    text = evidence({"A": A, "B": B, "C": C})
    assert "p = 0.0476; corrected for 2 comparisons 0.0953" in text
    assert "no difference shown (alone it would pass, corrected it does not)" in text


def test_evidence_of_a_paired_plan_names_the_sign_flip_test():
    text = evidence({"A": A, "B": B}, accuracy_plan("A", pairing="seed"))
    assert "**The paired t test by seed**, which decides" in text
    assert "| Sign-flip test | p = 0.2500; 3 pairs cannot give less than 0.2500 |" in text


def test_evidence_of_dunnetts_test_is_not_corrected_twice():
    text = evidence({"A": A, "B": B, "C": C}, accuracy_plan("A", variance="pooled"))
    assert "Dunnett p = 0.021" in text
    assert ", corrected for 2 comparisons | a difference |" in text
    assert "Holm" not in text


def test_ties_between_runs_are_explained():
    assert "4.5 of 9 pairs of runs, ties counting half" in evidence({"A": A, "B": A})


def test_seeds_needed():
    assert seeds_cell(4.0) == "4"
    assert seeds_cell(1264.0) == "about 1300"
    assert seeds_cell(10000) == "10000 or more"
    assert seeds_cell(None) == "—"


@pytest.mark.parametrize(("n", "separate", "pooled", "power"), [(3, 0.026, 0.070, 0.31), (20, 0.0, 0.0, 0.04)])
def test_rule_of_thumb_is_worth_what_simulation_found(n, separate, pooled, power):
    assert rule_rates.separate_false_positives(n, n) == pytest.approx(separate, abs=0.001)
    assert rule_rates.pooled_false_positives(n, n) == pytest.approx(pooled, abs=0.001)
    assert rule_rates.separate_power(n, n) == pytest.approx(power, abs=0.005)


def test_captions_explain_every_mark():
    means = captions.means_caption(make_report({"A": A, "B": [*A, None, 0.84, 0.85]}, PLAN))
    for word in (
        "Bars: mean test accuracy over 3 to 5 seeds (higher is better)",
        "Error bars: 95% t",
        "Dots",
        "Cross",
    ):
        assert word in means
    assert "Error bars" not in captions.means_caption(make_report({"A": [0.84], "B": [0.85]}, PLAN))
    one = make_report({"A": A, "B": B}, accuracy_plan("A", margin=0.01))
    assert "Thin lines" in captions.differences_caption(make_report({"A": A, "B": B, "C": C}, PLAN))
    assert "Thin lines" not in captions.differences_caption(one)
    assert "±0.0100" in captions.differences_caption(one)
    assert "at the 0.05 level" in captions.power_caption(one)

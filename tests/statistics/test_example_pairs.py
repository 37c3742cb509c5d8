"""Evaluations as arrays: pairs of scores per example in, decisions and outlooks out."""

import warnings
from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar

from seedwise.statistics.crossed import two_questions
from seedwise.statistics.examples import (
    ExamplePairs,
    Parts,
    average,
    decide_examples,
    mcnemar,
    other_questions,
    outlook,
    repeat_variance,
    seeds_for_both,
)
from seedwise.statistics.pass_at_k import pass_all_k, pass_at_k
from seedwise.statistics.ttest import TTest
from seedwise.statistics.verdict import Verdict


def test_without_clusters_it_is_the_paired_t_test():
    generator = np.random.default_rng(0)
    a, b = generator.random(50), generator.random(50)
    test, reference = ExamplePairs(a, b).test(), stats.ttest_rel(a, b)

    assert (test.statistic, test.p_value, test.df) == pytest.approx(
        (reference.statistic, reference.pvalue, reference.df)
    )


def test_verdicts_of_a_family_use_holm_and_the_margin():
    tests = [TTest(0.2, 0.07, 99), TTest(0.2, 0.1, 99), TTest(0.0, 0.01, 99), None, TTest(0.5, 0.1, 4)]
    found = decide_examples(tests, [True, True, True, True, False], 0.95, margin=0.05)

    assert [own.verdict for own in found] == [
        Verdict.BETTER,
        Verdict.NOT_SUPPORTED,
        Verdict.EQUIVALENT,
        Verdict.UNDEFINED,
        Verdict.TOO_FEW_EXAMPLES,
    ]
    assert found[1].p_holm > tests[1].p_value


def test_mcnemar_is_that_of_statsmodels():
    generator = np.random.default_rng(1)
    for _ in range(30):
        a, b = (generator.random(40) < share for share in (0.7, 0.6))
        table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
        found = mcnemar(ExamplePairs(a.astype(float), b.astype(float)))
        assert found.p_value == pytest.approx(reference_mcnemar(table, exact=True).pvalue)
        assert (found.wins, found.losses) == (table[0][1], table[1][0])


def test_mcnemar_is_not_for_clusters_or_scores_between_right_and_wrong():
    a, b = np.array([1.0, 0.0, 1.0]), np.array([0.0, 0.0, 1.0])

    assert mcnemar(ExamplePairs(a, b, clusters=np.array([0, 0, 1]))) is None
    assert mcnemar(ExamplePairs(a / 2, b)) is None


def test_repeats_within_examples_are_the_variance_parts_of_a_mixed_model():
    compared = 0
    for number in range(20):
        generator = np.random.default_rng(number)
        scores = generator.normal(0, 1, (30, 1)) + generator.normal(0, 1.5, (30, 4))
        squares = ((scores - scores.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
        within = repeat_variance(np.full(30, 4.0), squares)
        pairs = ExamplePairs(scores.mean(axis=1), np.zeros(30), repeat_variance=within, repeat_df=90)
        parts = other_questions(pairs, pairs.test()).parts
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = MixedLM(scores.ravel(), np.ones((120, 1)), np.repeat(np.arange(30), 4)).fit(reml=True)
        if fit.converged and fit.cov_re[0, 0] > 1e-2:
            assert parts.example == pytest.approx(fit.cov_re[0, 0] / 30, rel=1e-3)
            assert parts.residual == pytest.approx(fit.scale / 120, rel=1e-3)
            compared += 1
    assert compared >= 15


def test_repeats_that_are_missing_keep_the_variance_unbiased():
    generator = np.random.default_rng(3)
    found, means = [], []
    for _ in range(2000):
        counts = generator.integers(1, 5, 20).astype(float)
        answers = [generator.normal(0, 1, int(count)) for count in counts]
        found.append(repeat_variance(counts, np.array([((own - own.mean()) ** 2).sum() for own in answers])))
        means.append(np.mean([own.mean() for own in answers]))

    assert np.mean(found) == pytest.approx(np.var(means), rel=0.08)
    assert repeat_variance(np.ones(5), np.zeros(5)) is None


def test_seeds_are_crossed_with_examples_as_in_a_study():
    generator = np.random.default_rng(4)
    a, b = (generator.normal(0, 1, (seeds, 60)) + generator.normal(0, 0.3, (seeds, 1)) for seeds in (4, 3))
    pairs = ExamplePairs(a.mean(axis=0), b.mean(axis=0), tables=(a, b))
    found, reference = other_questions(pairs, pairs.test()), two_questions(a, b)

    assert pairs.test().interval(0.95) == pytest.approx(reference.new_test_set)
    assert found.same_examples.interval(0.95) == pytest.approx(reference.new_seeds)
    assert found.both.interval(0.95) == pytest.approx(reference.both)


@pytest.mark.parametrize("clusters", [None, 12])
def test_the_detectable_difference_is_detected_in_80_percent_of_evaluations(clusters):
    generator = np.random.default_rng(5)
    size = 60
    codes = None if clusters is None else np.repeat(np.arange(clusters), size // clusters)
    error = np.sqrt(1 / size if clusters is None else 0.5 / clusters + 0.5 / size)
    df = (size if clusters is None else clusters) - 1.0
    true = outlook(TTest(0.0, error, df), size, 0.05, 1, None, None).detectable_difference
    claims = []
    for _ in range(4000):
        noise = generator.normal(0, 1, size)
        if codes is not None:
            noise = noise * np.sqrt(0.5) + generator.normal(0, np.sqrt(0.5), clusters)[codes]
        claims.append(ExamplePairs(true + noise, np.zeros(size), codes).test().p_value < 0.05)

    assert np.mean(claims) == pytest.approx(0.8, abs=0.02)


def test_so_many_examples_as_are_needed_make_the_margin_detectable():
    test = TTest(0.02, 0.05, 99.0)
    needed = outlook(test, 100, 0.05, 3, 0.08, None).examples_needed
    with_them = TTest(0.02, 0.05 * np.sqrt(100 / needed), needed - 1.0)

    assert outlook(with_them, needed, 0.05, 3, 0.08, None).detectable_difference == pytest.approx(0.08, rel=0.005)


def test_repeats_help_only_as_far_as_the_examples_agree():
    pairs = ExamplePairs(np.arange(20.0), np.zeros(20), repeat_variance=0.5, repeat_df=60)
    test = pairs.test()
    parts = other_questions(pairs, test).parts
    far = outlook(test, 20, 0.05, 1, 1.0, parts)
    near = outlook(test, 20, 0.05, 1, 2.95 * np.sqrt(parts.example) + 0.2, parts)

    assert far.repeats_factor is None
    assert far.exhausted_error == pytest.approx(np.sqrt(parts.example))
    assert near.repeats_factor > 1


def test_so_many_seeds_show_the_difference_for_retrained_models():
    parts = Parts(example=0.0001, seed=0.0009, residual=0.0002)
    needed = seeds_for_both(parts, 3, 4.0, 0.05, 0.05)
    generator = np.random.default_rng(6)
    error = np.sqrt(parts.example + (parts.seed + parts.residual) * 3 / needed)
    df = 2 * (needed - 1)
    found = (0.05 + error * generator.normal(size=20_000)) / (error * np.sqrt(generator.chisquare(df, 20_000) / df))

    assert np.mean(np.abs(found) > stats.t.ppf(0.975, df)) == pytest.approx(0.8, abs=0.03)
    assert seeds_for_both(parts, 3, 4.0, 0.05, 0.02) is None  # the examples alone vary too much
    assert seeds_for_both(parts, 3, 4.0, 0.05, 10.0) == 2


def test_the_mean_over_data_sets_counts_each_the_same():
    found = average([TTest(0.1, 0.03, 20), TTest(0.3, 0.04, 50), None], [0.1, 0.3, 0.2])

    assert found.difference == pytest.approx(0.2)
    assert found.standard_error == pytest.approx(0.05 / 3)
    assert 20 < found.df < 70


def test_pass_at_k_is_the_share_of_all_draws_of_k_answers():
    for n in range(1, 7):
        for c in range(n + 1):
            answers = [1] * c + [0] * (n - c)
            for k in range(1, n + 1):
                draws = list(combinations(answers, k))
                assert pass_at_k([n], [c], k)[0] == pytest.approx(np.mean([any(draw) for draw in draws]))
                assert pass_all_k([n], [c], k)[0] == pytest.approx(np.mean([all(draw) for draw in draws]))
    assert np.isnan(pass_at_k([2], [1], 3)[0])
    assert np.isfinite(pass_at_k([10_000], [3], 5_000)).all()

"""Evaluations as arrays: pairs of scores per example in, decisions and outlooks out."""

import warnings
from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar

from seedwise.statistics.crossed import two_questions
from seedwise.statistics.example_levels import Parts, other_questions
from seedwise.statistics.example_means import average, mean_hanging_on, mean_test
from seedwise.statistics.example_planning import outlook, seeds_for_both
from seedwise.statistics.examples import ExamplePairs, decide_examples, hanging_on, mcnemar, repeat_variance
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
        parts = other_questions([pairs], pairs.test()).parts
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
    found, reference = other_questions([pairs], pairs.test()), two_questions(a, b)

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
    parts = other_questions([pairs], test).parts
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


def on_datasets(generator, sizes, shared=True, effect=1.0):
    """Differences on several datasets, whose clusters are the same or not; each has an effect in all its examples."""
    effects = generator.normal(0, effect, 1000)
    parts = []
    for place, counts in enumerate(sizes):
        codes = np.repeat(np.arange(len(counts)), counts) + (0 if shared else 100 * place)
        values = effects[codes] + generator.normal(0, 1 + place, codes.size)
        parts.append(ExamplePairs(values, np.zeros(codes.size), codes))
    return parts


SIZES = [(3, 5, 2, 9, 4), (1, 8, 2, 2, 6), (4, 4, 4, 4, 1)]


def test_the_cluster_that_decides_has_its_own_name():
    """The second dataset of a table has clusters with higher numbers, of which some can be missing."""
    scores = np.array([0.1, 0.2, 0.1, 0.2, 0.1, 0.2, 9.0])
    pairs = ExamplePairs(scores, np.zeros(7), np.array([11, 13, 14, 15, 17, 18, 19]))
    decision = decide_examples([pairs.test()], [True], 0.95)[0]
    verdict = decision.verdict

    assert verdict == Verdict.NOT_SUPPORTED
    assert hanging_on(pairs, decision, 0.05, None) == [19]
    assert mean_hanging_on([pairs], decision, 0.05, None) == [(0, 19)]


def test_the_error_of_a_mean_over_shared_clusters_is_that_of_the_regression():
    """CR2 and its degrees of freedom by matrices: the mean of the coefficients of one dummy for each dataset."""
    parts = on_datasets(np.random.default_rng(8), SIZES)
    y = np.concatenate([own.differences for own in parts])
    codes = np.concatenate([own.clusters for own in parts])
    place = np.repeat(np.arange(3), [own.scores.size for own in parts])
    design = np.eye(3)[place]
    hat = design @ np.linalg.inv(design.T @ design) @ design.T
    weights = design @ np.linalg.inv(design.T @ design) @ np.full(3, 1 / 3)
    columns, variance, own_variance = [], 0.0, np.zeros(3)
    for cluster in range(5):
        here = codes == cluster
        values, vectors = np.linalg.eigh(np.eye(here.sum()) - hat[np.ix_(here, here)])
        adjusted = weights[here] @ (vectors / np.sqrt(values)) @ vectors.T
        columns.append((np.eye(y.size) - hat)[:, here] @ adjusted)
        variance += (columns[-1] @ y) ** 2
        own_variance += [((columns[-1] * (place == dataset)) @ y) ** 2 for dataset in range(3)]
    errors = own_variance[place] * np.bincount(place)[place]
    inner = np.array(columns) * errors @ np.array(columns).T
    found = mean_test(parts)

    assert found.difference == pytest.approx(np.mean([own.differences.mean() for own in parts]))
    assert found.standard_error == pytest.approx(np.sqrt(variance))
    assert found.df == pytest.approx(np.trace(inner) ** 2 / (inner**2).sum())


@pytest.mark.parametrize("effect", [0.0, 1.0, 3.0])
def test_a_mean_over_datasets_with_ten_shared_clusters_is_covered(effect):
    generator = np.random.default_rng(9)
    sizes = [(4, 2, 9, 5, 1, 3, 7, 4, 4, 2), (5,) * 10, (2, 2, 8, 3, 3, 3, 3, 1, 6, 4)]
    covered, naive = [], []
    for _ in range(2000):
        parts = on_datasets(generator, sizes, effect=effect)
        covered.append(mean_test(parts).p_value > 0.05)
        naive.append(average([own.test() for own in parts], [own.differences.mean() for own in parts]).p_value > 0.05)

    assert np.mean(covered) == pytest.approx(0.95, abs=0.02)
    assert effect < 1 or np.mean(naive) < 0.9


def test_a_cluster_is_left_out_of_all_datasets_at_once():
    parts = on_datasets(np.random.default_rng(10), SIZES)
    parts = [ExamplePairs(0.3 * own.scores + 20.0 * (own.clusters == 3), own.baseline, own.clusters) for own in parts]
    test = mean_test(parts)
    decision = decide_examples([test], [True], 0.95)[0]
    verdict = decision.verdict

    assert verdict == Verdict.NOT_SUPPORTED
    assert mean_hanging_on(parts, decision, 0.05, None) == []
    without = [ExamplePairs(own.scores + 2.0, own.baseline, own.clusters) for own in parts]
    assert mean_hanging_on(without, decision, 0.05, None) == [(0, 3)]


def test_models_that_are_tried_on_several_datasets_do_not_average_out():
    generator = np.random.default_rng(11)
    covered, independent = [], []
    for _ in range(1000):
        effects = generator.normal(0, 0.3, (2, 4, 1))
        tables = [tuple(effect + generator.normal(0, 1, (4, 30)) for effect in effects) for _ in range(4)]
        parts = [ExamplePairs(a.mean(axis=0), b.mean(axis=0), tables=(a, b)) for a, b in tables]
        found = other_questions(parts, mean_test(parts))
        covered.append(found.same_examples.p_value > 0.05)
        alone = [other_questions([own], own.test()).same_examples for own in parts]
        independent.append(average(alone, [own.differences.mean() for own in parts]).p_value > 0.05)

    assert np.mean(covered) > 0.93
    assert np.mean(independent) < 0.85


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

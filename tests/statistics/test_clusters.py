"""The mean of clustered scores, against independent code."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import linalg, stats
from statsmodels.regression.mixed_linear_model import MixedLM

from benchmarks.cluster_coverage import clustered, unclustered
from seedwise.statistics import DataError
from seedwise.statistics.clusters import clustered_mean, groups_are_alike, without_each

STORED = json.loads((Path(__file__).parents[2] / "benchmarks" / "cluster_coverage.json").read_text(encoding="utf-8"))


def random_data(number, *, equal=False):
    generator = np.random.default_rng(number)
    clusters = int(generator.integers(2, 12))
    sizes = np.full(clusters, generator.integers(1, 8)) if equal else generator.integers(1, 8, clusters)
    codes = np.repeat(np.arange(clusters), sizes)
    values = generator.normal(0, 1, clusters)[codes] + generator.normal(0, 1, codes.size)
    order = generator.permutation(codes.size)
    return values[order], codes[order]


def by_matrices(values, codes):
    """CR2 and its degrees of freedom as Bell & McCaffrey (2002) define them, with N × N matrices."""
    n = values.size
    design = np.ones((n, 1))
    bread = np.linalg.inv(design.T @ design)
    residual_maker = np.eye(n) - design @ bread @ design.T
    residuals = residual_maker @ values
    meat, vectors = 0.0, []
    for code in np.unique(codes):
        own = codes == code
        hat = residual_maker[np.ix_(own, own)]
        adjustment = linalg.inv(linalg.sqrtm(hat)).real
        meat += (design[own].T @ adjustment @ residuals[own]).item() ** 2
        vectors.append(residual_maker[:, own] @ adjustment @ design[own] @ bread)
    matrix = np.hstack(vectors)
    eigenvalues = np.linalg.eigvalsh(matrix.T @ matrix)
    return np.sqrt(meat) * bread.item(), eigenvalues.sum() ** 2 / (eigenvalues**2).sum()


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_200_data_sets_against_matrices_statsmodels_and_the_formula_of_inspect_ai(start):
    for number in range(start, start + 50):
        values, codes = random_data(number)
        test = clustered_mean(values, codes)
        error, df = by_matrices(values, codes)
        sizes = np.bincount(codes)
        fit = sm.OLS(values, np.ones(values.size)).fit(cov_type="cluster", cov_kwds={"groups": codes})
        sums = np.array([(values[codes == code] - values.mean()).sum() for code in range(sizes.size)])
        # inspect_ai 0.3.285, scorer/_metrics/std.py, _clustered_stderr: the sums of each cluster, times C / (C − 1).
        inspect_ai = np.sqrt((sums**2).sum() * sizes.size / (sizes.size - 1)) / values.size

        assert test.difference == pytest.approx(values.mean())
        assert test.standard_error == pytest.approx(error, rel=1e-9)
        assert test.df == pytest.approx(df, rel=1e-9)
        # Both others are CR1: every cluster gets C / (C − 1), where CR2 gives each 1 / (1 − its share).
        assert fit.bse[0] == pytest.approx(inspect_ai, rel=1e-9)
        exact = (sums**2 / (1 - sizes / values.size)).sum()
        assert test.standard_error == pytest.approx(
            inspect_ai * np.sqrt(exact / ((sums**2).sum() * sizes.size / (sizes.size - 1)))
        )


@pytest.mark.parametrize("start", range(0, 40, 20))
def test_equal_clusters_are_the_mixed_model_and_the_t_test_of_cluster_means(start):
    compared = 0
    for number in range(start, start + 20):
        values, codes = random_data(number, equal=True)
        test = clustered_mean(values, codes)
        means = np.array([values[codes == code].mean() for code in np.unique(codes)])
        plain = stats.ttest_1samp(means, 0.0)
        assert (test.statistic, test.df) == pytest.approx((plain.statistic, plain.df))
        assert test.p_value == pytest.approx(plain.pvalue)
        if np.bincount(codes)[0] < 2 or means.size < 4:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = MixedLM(values, np.ones((values.size, 1)), codes).fit(reml=True, method=["powell", "lbfgs"])
        groups = [values[codes == code] for code in np.unique(codes)]
        # With an F below 1 the model's best fit is on the boundary, without any variance between clusters.
        if fit.converged and stats.f_oneway(*groups).statistic > 1.2:
            assert fit.bse_fe[0] == pytest.approx(test.standard_error, rel=1e-3)
            compared += 1
    assert compared >= 5


def test_clusters_of_one_example_are_the_ordinary_t_test():
    values, _ = random_data(3)
    test, plain = clustered_mean(values), stats.ttest_1samp(values, 0.0)

    assert (test.statistic, test.df, test.p_value) == pytest.approx((plain.statistic, plain.df, plain.pvalue))


def test_without_each_cluster_is_the_mean_of_the_others():
    values, codes = random_data(5)
    found = dict(without_each(values, codes))

    assert sorted(found) == sorted(np.unique(codes))
    for code, test in found.items():
        rest = clustered_mean(values[codes != code], codes[codes != code])
        assert (test.difference, test.standard_error, test.df) == pytest.approx(
            (rest.difference, rest.standard_error, rest.df)
        )


def test_one_cluster_or_no_variance_has_no_test_and_labels_must_fit():
    assert clustered_mean([1.0, 2.0, 3.0], ["a", "a", "a"]) is None
    assert clustered_mean([0.1 + 0.2, 0.3], ["a", "b"]) is None
    with pytest.raises(DataError, match="one label for each of the 3 examples"):
        clustered_mean([1.0, 2.0, 3.0], ["a", "b"])


def test_coverage_with_10_clusters_is_near_its_name():
    cells = [cell for cell in STORED["clustered"] if cell["clusters"] == 10]
    ordinary = [cell for cell in cells if cell["sizes"] != "one large"]
    extreme = [cell for cell in cells if cell["sizes"] == "one large"]

    assert len(ordinary) == 18
    assert all(0.935 <= cell["seedwise"] <= 0.965 for cell in ordinary)
    # A cluster with half of the examples: at worst the interval is too wide.
    assert all(0.935 <= cell["seedwise"] <= 0.985 for cell in extreme)
    assert max(cell["CR1, normal"] for cell in cells) < 0.93
    assert min(cell["CR1, G - 1"] for cell in extreme) < 0.85


@pytest.mark.parametrize(
    ("sizes", "correlation", "scores"), [("equal", 0.3, "normal"), ("skewed", 0.9, "right or wrong")]
)
def test_the_stored_coverage_is_that_of_the_library(sizes, correlation, scores):
    cell = {"clusters": 10, "sizes": sizes, "correlation": correlation, "scores": scores}
    stored = next(row for row in STORED["clustered"] if cell.items() <= row.items())

    found = clustered(10, sizes, correlation, scores, studies=STORED["studies"])
    assert found == pytest.approx({name: stored[name] for name in found}, abs=0.0005)


def test_few_examples_without_clusters_make_few_false_claims():
    assert all(cell["false claims"] <= 0.06 for cell in STORED["without clusters"])
    assert unclustered(50, 0.3, studies=2000)["false claims"] == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize("number", range(20))
def test_groups_are_alike_where_an_analysis_of_variance_says_so(number):
    values, codes = random_data(number)
    values = values + (codes % 3) * number / 10
    parts = [values[codes == code] for code in np.unique(codes)]
    p = stats.f_oneway(*parts).pvalue if len(parts) < len(values) else 1.0
    assert not groups_are_alike(values, codes, level=p * 0.999)
    if p < 0.001:
        assert groups_are_alike(values, codes, level=p * 1.001)


def test_groups_are_compared_within_strata():
    generator = np.random.default_rng(0)
    strata = np.repeat([0, 1], 60)
    groups = np.arange(120) // 10
    values = generator.normal(0, 1, 120) + 10 * strata
    assert groups_are_alike(values, groups, level=0.01)
    assert not groups_are_alike(values, groups, strata, level=0.01)
    assert groups_are_alike(values + groups % 2 * 3, groups, strata, level=0.01)


@pytest.mark.parametrize("share", [0.0, 0.9])
def test_groups_are_rarely_alike_by_chance_however_many_and_however_equal_the_values(share):
    """With 150 groups of two and nine zeros in ten, F alone says so in 7 % of the tables."""
    generator = np.random.default_rng(1)
    tables = 400
    found = 0
    for _ in range(tables):
        values = np.where(generator.random(300) < share, 0, generator.normal(0, 1, 300))
        found += groups_are_alike(values, generator.permutation(np.arange(300) // 2), level=0.01, draws=199)
    assert found <= stats.binom.isf(1e-4, tables, 0.01)


def test_equal_values_or_single_examples_or_one_group_are_not_alike():
    values = np.arange(6.0)
    assert not groups_are_alike(np.ones(6), [0, 0, 0, 1, 1, 1], level=0.5)
    assert not groups_are_alike(values, values, level=0.5)
    assert not groups_are_alike(values, np.zeros(6), level=0.5)
    assert not groups_are_alike([], [], level=0.5)
    assert groups_are_alike([0.0] * 5 + [1.0] * 5, [0] * 5 + [1] * 5, level=0.01)

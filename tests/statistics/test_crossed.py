import numpy as np
import pytest

from seedwise.statistics import DataError, two_questions, variance_parts

TABLE = [[1, 1, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]]


def test_parts_of_the_worked_example():
    parts = variance_parts(TABLE)

    assert parts.seed == pytest.approx(0.0208333, abs=1e-7)
    assert parts.item == pytest.approx(0.0254630, abs=1e-7)
    assert parts.residual == pytest.approx(0.0115741, abs=1e-7)
    assert parts.total == pytest.approx(0.0347222, abs=1e-7)
    assert parts.finite_test_share == pytest.approx(0.0115741 / 0.0208333, abs=1e-5)


def simulated(generator, seeds, items, sd_seed, sd_item, sd_residual, shared=0.0):
    """One variant's table; `shared` is the difficulty that both variants feel."""
    own = generator.normal(0, sd_item, items)
    return shared + own + generator.normal(0, sd_seed, (seeds, 1)) + generator.normal(0, sd_residual, (seeds, items))


def test_both_at_once_is_near_the_truth_where_either_alone_is_too_small():
    generator = np.random.default_rng(0)
    estimates, differences = [], []
    for _ in range(1500):
        shared = generator.normal(0, 1.0, 60)
        a = simulated(generator, 4, 60, 0.06, 0.3, 0.5, shared)
        b = simulated(generator, 4, 60, 0.06, 0.3, 0.5, shared)
        found = two_questions(a, b)
        estimates.append((found.parts.seed, found.parts.item, found.parts.total))
        differences.append(found.difference)
    seed, item, total = np.mean(estimates, axis=0)
    truth = np.var(differences)

    assert total == pytest.approx(truth, rel=0.10)
    assert seed < 0.85 * truth
    assert item < 0.85 * truth


def test_the_joint_interval_covers_the_truth():
    generator = np.random.default_rng(1)
    covered = []
    for _ in range(600):
        a = simulated(generator, 3, 40, 0.1, 0.5, 0.5)
        b = simulated(generator, 3, 40, 0.1, 0.5, 0.5)
        low, high = two_questions(a, b).both
        covered.append(low < 0 < high)

    assert np.mean(covered) > 0.93


def test_new_seeds_interval_is_welch_over_run_accuracies_and_new_test_set_is_paired_by_example():
    from scipy import stats

    generator = np.random.default_rng(2)
    a, b = generator.random((4, 50)) < 0.9, generator.random((3, 50)) < 0.8
    found = two_questions(a, b)
    seeds = stats.ttest_ind(a.mean(axis=1), b.mean(axis=1), equal_var=False).confidence_interval(0.95)
    items = stats.ttest_1samp(a.mean(axis=0) - b.mean(axis=0), 0).confidence_interval(0.95)

    assert found.new_seeds == pytest.approx(tuple(seeds))
    assert found.new_test_set == pytest.approx(tuple(items))


def test_paired_seeds_drop_what_a_seed_shares():
    generator = np.random.default_rng(3)
    common = generator.normal(0, 1, (5, 1))
    a = common + generator.normal(0, 0.1, (5, 30))
    b = common + generator.normal(0, 0.1, (5, 30))
    paired, unpaired = two_questions(a, b, pairing="seed"), two_questions(a, b)

    assert paired.parts.seed < unpaired.parts.seed / 10
    assert paired.difference == unpaired.difference


def test_copies_of_an_example_are_one_cluster():
    generator = np.random.default_rng(4)
    a, b = generator.random((3, 25)), generator.random((3, 25))
    plain = two_questions(a, b)
    copied = two_questions(np.repeat(a, 4, axis=1), np.repeat(b, 4, axis=1), clusters=np.repeat(np.arange(25), 4))

    assert copied.new_test_set == pytest.approx(plain.new_test_set)
    assert copied.both == pytest.approx(plain.both)
    assert two_questions(np.repeat(a, 4, axis=1), np.repeat(b, 4, axis=1)).parts.item < plain.parts.item / 3


def test_a_small_test_set_explains_seed_variance_without_any_seed_effect():
    generator = np.random.default_rng(5)
    shares = [variance_parts(generator.random((5, 100)) < 0.8).finite_test_share for _ in range(300)]

    assert np.median(shares) > 0.8


def test_agreement_of_all_seeds_leaves_the_share_undefined():
    found = two_questions(np.tile([1, 0, 1, 1], (3, 1)), np.tile([1, 0, 0, 1], (3, 1)))

    assert found.finite_test_share is None
    assert found.new_seeds is None
    assert found.parts.total == found.parts.item > 0
    assert found.new_test_set[0] < 0.25 < found.new_test_set[1]


@pytest.mark.parametrize(
    ("a", "b", "options"),
    [
        (TABLE, [[1, 0, 1], [1, 1, 1]], {}),
        (TABLE, TABLE[:2], {"pairing": "seed"}),
        (TABLE[:1], TABLE, {}),
        ([[1, float("nan")], [0, 1]], [[1, 0], [0, 1]], {}),
        ([["a", "b"], ["c", "d"]], TABLE, {}),
        (TABLE, TABLE, {"clusters": [1, 1, 1, 1]}),
        (TABLE, TABLE, {"clusters": [1, 2]}),
    ],
)
def test_tables_that_do_not_fit_are_refused(a, b, options):
    with pytest.raises(DataError):
        two_questions(a, b, **options)

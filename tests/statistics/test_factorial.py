"""Factorial effects: the numbers of a linear model where it applies, and Welch's where it does not."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols

from seedwise.plan import Plan
from seedwise.statistics.factorial import factorial_effects
from seedwise.statistics.multiple import holm

PLAN = Plan(metric="m", higher_is_better=True, baseline="a-0_b-0")


def table(factors, score, n=5):
    """Return runs of every combination; `score` maps a cell to its n scores."""
    names = {
        "_".join(map("-".join, zip(factors, cell, strict=True))): cell for cell in itertools.product(*factors.values())
    }
    rows = [
        {"variant": name, "seed": seed, "m": value, **dict(zip(factors, cell, strict=True))}
        for name, cell in names.items()
        for seed, value in enumerate(score(cell))
    ]
    return pd.DataFrame(rows), names


def noise(seed=0, n=5):
    rng = np.random.default_rng(seed)
    return lambda cell: 0.9 + 0.01 * sum(int(x) for x in cell) + rng.normal(0, 0.004, n)


def test_estimates_are_those_of_a_linear_model_with_effect_coding():
    factors = {"a": ("0", "1"), "b": ("0", "1", "2")}
    runs, cells = table(factors, noise())
    found = factorial_effects(runs, PLAN, factors, cells)
    assert [(effect.kind, effect.factors, effect.levels) for effect in found] == [
        ("main", "a", "1"),
        ("main", "b", "1"),
        ("main", "b", "2"),
        ("interaction", "a;b", "1;1"),
        ("interaction", "a;b", "1;2"),
    ]
    effects = ols("m ~ C(a, Sum) * C(b, Sum)", runs).fit().params
    # With sum coding a level's coefficient is its distance from the grand mean; the last level is minus the others.
    first_b, second_b = effects["C(b, Sum)[S.0]"], effects["C(b, Sum)[S.1]"]
    assert found[0].estimate == pytest.approx(-2 * effects["C(a, Sum)[S.0]"])
    assert found[1].estimate == pytest.approx(second_b - first_b)
    assert found[2].estimate == pytest.approx(-2 * first_b - second_b)
    treatment = ols("m ~ C(a) * C(b)", runs).fit().params
    assert found[3].estimate == pytest.approx(treatment["C(a)[T.1]:C(b)[T.1]"])
    assert found[4].estimate == pytest.approx(treatment["C(a)[T.1]:C(b)[T.2]"])


def test_with_equal_variances_the_tests_are_those_of_the_linear_model():
    factors = {"a": ("0", "1"), "b": ("0", "1")}
    shape = np.array([-0.004, -0.001, 0.0, 0.002, 0.003])
    runs, cells = table(factors, lambda cell: {"00": 0.9, "01": 0.91, "10": 0.905, "11": 0.93}["".join(cell)] + shape)
    fit = ols("m ~ C(a, Sum) * C(b, Sum)", runs).fit()
    names = ("C(a, Sum)[S.0]", "C(b, Sum)[S.0]", "C(a, Sum)[S.0]:C(b, Sum)[S.0]")
    found = factorial_effects(runs, PLAN, factors, cells)
    for effect, name in zip(found, names, strict=True):
        assert effect.df == pytest.approx(fit.df_resid)
        assert effect.p_value == pytest.approx(fit.pvalues[name], rel=1e-9)
        assert abs(effect.estimate / effect.standard_error) == pytest.approx(abs(fit.tvalues[name]))
        assert effect.ci_low < effect.estimate < effect.ci_high
    assert [effect.p_holm for effect in found] == holm([effect.p_value for effect in found])


def test_the_published_two_by_two_of_box_hunter_and_hunter():
    # The 2³ pilot plant of Box, Hunter & Hunter 1978, tables 10.1 and 10.2: averages of two runs each; temperature 23,
    # concentration -5, catalyst 1.5; their interactions, halves of ours, TC 1.5, TK 10.0, CK 0.0.
    yields = {"000": 60, "100": 72, "010": 54, "110": 68, "001": 52, "101": 83, "011": 45, "111": 80}
    factors = dict.fromkeys(("temperature", "concentration", "catalyst"), ("0", "1"))
    runs, cells = table(factors, lambda cell: yields["".join(cell)] + np.array([-1.0, 1.0]))
    found = factorial_effects(runs, PLAN, factors, cells)
    published = [23.0, -5.0, 1.5, 2 * 1.5, 2 * 10.0, 2 * 0.0]
    assert [effect.estimate for effect in found] == pytest.approx(published)


def test_a_loss_flips_every_sign():
    factors = {"a": ("0", "1"), "b": ("0", "1")}
    runs, cells = table(factors, noise(1))
    loss = factorial_effects(runs, PLAN.model_copy(update={"higher_is_better": False}), factors, cells)
    for effect, turned in zip(factorial_effects(runs, PLAN, factors, cells), loss, strict=True):
        assert turned.estimate == pytest.approx(-effect.estimate)
        assert turned.p_value == pytest.approx(effect.p_value)


def test_pairing_by_seed_removes_what_the_seeds_share():
    factors = {"a": ("0", "1"), "b": ("0", "1")}
    shared, own = 0.1 * np.arange(5), np.random.default_rng(2)
    runs, cells = table(factors, lambda cell: shared + 0.01 * int(cell[0]) + own.normal(0, 0.001, 5))
    unpaired, by_seed = (
        factorial_effects(runs, PLAN.model_copy(update={"pairing": pairing}), factors, cells)[0]
        for pairing in ("none", "seed")
    )
    assert by_seed.estimate == pytest.approx(unpaired.estimate)
    assert by_seed.df == 4
    assert by_seed.p_value < 0.001 < unpaired.p_value


def test_effects_are_undefined_where_a_cell_cannot_tell_its_noise():
    factors = {"a": ("0", "1"), "b": ("0", "1")}
    runs, cells = table(factors, noise(3))
    short = runs[(runs["variant"] != "a-1_b-1") | (runs["seed"] == 0)]
    constant = runs.assign(m=1.0)
    for broken in (short, constant):
        found = factorial_effects(broken, PLAN, factors, cells)
        assert {(effect.estimate, effect.p_value, effect.p_holm) for effect in found} == {(None, None, None)}

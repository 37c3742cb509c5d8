"""Published worked examples beyond the specification's; each says where its figures were printed.

Two more lie with what they test: the mouse data of Efron & Tibshirani 1993 (test_bootstrap) and the blood counts of
Dunnett 1955 (test_multiple).
"""

import numpy as np
import pytest

from seedwise.statistics import compare, rate_upper_bound, sign_flip_test
from seedwise.statistics.effect import hedges_g
from seedwise.statistics.ttest import paired

# Heights of 15 pairs of maize plants (Darwin 1876), crossed minus self-fertilised, in eighths of an inch.
MAIZE = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=float)
# Wear of shoe soles of two materials on the two feet of ten boys (Box, Hunter & Hunter 1978, chapter 4).
SOLE_A = [13.2, 8.2, 10.9, 14.3, 10.7, 6.6, 9.5, 10.8, 8.8, 13.3]
SOLE_B = [14.0, 8.8, 11.2, 14.2, 11.8, 6.4, 9.8, 11.3, 9.3, 13.6]


def test_fisher_flips_the_signs_of_darwins_maize():
    # Fisher 1935, The Design of Experiments, section 21: in 863 of 32 768 cases the sum is 314 or more, in as many
    # -314 or less: 5.267 %. Section 17: t = 2.148, just beyond the 5 % point 2.145.
    found = sign_flip_test(MAIZE)
    t = paired(MAIZE, np.zeros(15))

    assert MAIZE.sum() == 314
    assert found.exact
    assert found.p_value * 2**15 == pytest.approx(2 * 863)
    assert t.statistic == pytest.approx(2.148, abs=5e-4)
    assert 0.049 < t.p_value < 0.05


def test_shoes_need_their_pairs():
    # Venables & Ripley 2002, Modern Applied Statistics with S, section 5.4: paired t = -3.3489, p = 0.008539,
    # 95 % interval [-0.6869539, -0.1330461]; Welch p = 0.7165. Box, Hunter & Hunter 1978, chapter 4: of the 1024
    # sign patterns 3 give a larger mean difference and 4 (the observed one among them) the same.
    by_boy, apart = compare(SOLE_A, SOLE_B, pairing="seed"), compare(SOLE_A, SOLE_B)

    assert paired(np.array(SOLE_A), np.array(SOLE_B)).statistic == pytest.approx(-3.3489, abs=5e-5)
    assert by_boy.p_value == pytest.approx(0.008539, abs=5e-7)
    assert [by_boy.ci_low, by_boy.ci_high] == pytest.approx([-0.6869539, -0.1330461], abs=5e-8)
    assert apart.p_value == pytest.approx(0.7165, abs=5e-5)
    assert by_boy.permutation_p * 1024 == pytest.approx(2 * (3 + 4))


def test_noncentral_t_limits_of_harms():
    # Harms 2016, an implementation of Steiger & Fouladi 1997, documents t = 3.04 with 314 degrees of freedom at 99 %.
    unit = np.tile([-1.0, 1.0], 79) * np.sqrt(157 / 158)
    found = hedges_g(unit + 3.04 * np.sqrt(2 / 158), unit, 0.99)

    assert np.array([found.low, found.high]) / np.sqrt(2 / 158) == pytest.approx([0.4429486, 5.632345], abs=5e-6)


def test_clopper_pearson_bound_of_a_semiconductor_burn_in():
    # Example of R's GenBinomApps (after Kurz, Lewitschnig & Pilz 2014): 5 failures in 100 000, one-sided 95 %.
    assert rate_upper_bound(5, 100_000) == pytest.approx(0.0001051275, abs=5e-11)

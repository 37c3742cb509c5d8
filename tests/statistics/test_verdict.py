import pytest

from seedwise.statistics import decide

SIGNIFICANT = {"n": 3, "n_baseline": 3, "difference": 0.01, "p_adjusted": 0.049, "alpha": 0.05}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "BETTER"),
        ({"difference": -0.01}, "WORSE"),
        ({"p_adjusted": 0.05}, "NOT_SUPPORTED"),
        ({"p_adjusted": 0.2, "equivalence": (-0.009, 0.009), "margin": 0.01}, "EQUIVALENT"),
        ({"p_adjusted": 0.2, "equivalence": (-0.011, 0.009), "margin": 0.01}, "NOT_SUPPORTED"),
        ({"p_adjusted": 0.2, "equivalence": (-0.009, 0.01), "margin": 0.01}, "NOT_SUPPORTED"),
        ({"p_adjusted": 0.2, "equivalence": (-0.009, 0.009)}, "NOT_SUPPORTED"),
        ({"equivalence": (0.001, 0.019), "margin": 0.02}, "BETTER"),
        ({"n": 2}, "TOO_FEW_SEEDS"),
        ({"n_baseline": 0, "difference": None, "p_adjusted": None}, "TOO_FEW_SEEDS"),
        ({"lost_all": True, "n": 0, "difference": None, "p_adjusted": None}, "NO_RESULT"),
        ({"p_adjusted": None}, "UNDEFINED"),
        ({"difference": None, "p_adjusted": None}, "UNDEFINED"),
    ],
)
def test_verdicts(changes, verdict):
    assert decide(**{**SIGNIFICANT, **changes}) == verdict

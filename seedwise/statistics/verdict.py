"""The verdict on a comparison."""

from __future__ import annotations

from enum import StrEnum

FEWEST_SEEDS = 3
"""Usable seeds that an arm needs before anything is claimed about it."""


class Verdict(StrEnum):
    """What the data support, under the declared plan."""

    BETTER = "BETTER"
    WORSE = "WORSE"
    EQUIVALENT = "EQUIVALENT"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    TOO_FEW_SEEDS = "TOO_FEW_SEEDS"
    TOO_FEW_EXAMPLES = "TOO_FEW_EXAMPLES"
    NO_RESULT = "NO_RESULT"
    UNDEFINED = "UNDEFINED"


JUDGED = (Verdict.BETTER, Verdict.WORSE, Verdict.EQUIVALENT, Verdict.NOT_SUPPORTED)
"""Verdicts of comparisons for which there was enough to judge at all."""


def decide(
    *,
    n: int,
    n_baseline: int,
    difference: float | None,
    p_adjusted: float | None,
    alpha: float,
    equivalence: tuple[float, float] | None = None,
    margin: float | None = None,
    lost_all: bool = False,
) -> Verdict:
    """The verdict on one comparison.

    A difference that is significant and shown to be smaller than the margin is BETTER or WORSE: it is real, and its
    interval shows that it is small. EQUIVALENT is only for comparisons that are not significant.

    Args:
        n: usable seeds of the variant.
        n_baseline: usable seeds of the baseline.
        difference: positive is better; None if it is not defined.
        p_adjusted: family-wise adjusted p-value (Holm or Dunnett); None if the test is not defined.
        alpha: family-wise level.
        equivalence: the 1 − 2α interval of the difference (two one-sided tests, Schuirmann 1987), not
            adjusted for the family.
        margin: smallest difference that matters; None if no margin is declared.
        lost_all: whether an arm has runs and every one of them was lost.
    """
    if lost_all:
        return Verdict.NO_RESULT
    if min(n, n_baseline) < FEWEST_SEEDS:
        return Verdict.TOO_FEW_SEEDS
    if difference is None or p_adjusted is None:
        return Verdict.UNDEFINED
    if p_adjusted < alpha:
        return Verdict.BETTER if difference > 0 else Verdict.WORSE
    if margin is not None and equivalence is not None and -margin < equivalence[0] and equivalence[1] < margin:
        return Verdict.EQUIVALENT
    return Verdict.NOT_SUPPORTED

"""The verdict on a comparison."""

from __future__ import annotations

from enum import StrEnum

FEWEST_SEEDS = 3
"""Usable seeds that an arm needs before anything is claimed about it."""


NON_INFERIORITY_COLUMNS = ("non_inferiority_low", "non_inferiority_p")
"""Columns of comparisons.csv that are there only where non-inferiority is the question."""


class Verdict(StrEnum):
    """What the data support, under the declared plan."""

    BETTER = "BETTER"
    WORSE = "WORSE"
    EQUIVALENT = "EQUIVALENT"
    NON_INFERIOR = "NON_INFERIOR"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    TOO_FEW_SEEDS = "TOO_FEW_SEEDS"
    TOO_FEW_EXAMPLES = "TOO_FEW_EXAMPLES"
    NO_RESULT = "NO_RESULT"
    UNDEFINED = "UNDEFINED"


CLAIMS = (Verdict.BETTER, Verdict.WORSE, Verdict.EQUIVALENT, Verdict.NON_INFERIOR)
"""Verdicts that say something about the variants."""
JUDGED = (*CLAIMS, Verdict.NOT_SUPPORTED)
"""Verdicts of comparisons for which there was enough to judge at all."""


def upholds(verdict: str, other: str) -> bool:
    """Whether a verdict would still be true if `other` were the verdict: a better variant is not inferior either."""
    return other == verdict or (verdict, other) == (Verdict.NON_INFERIOR, Verdict.BETTER)


def decide(
    *,
    n: int,
    n_baseline: int,
    difference: float | None,
    p_adjusted: float | None,
    alpha: float,
    equivalence: tuple[float, float] | None = None,
    margin: float | None = None,
    non_inferior: bool | None = None,
    lost_all: bool = False,
) -> Verdict:
    """The verdict on one comparison.

    A difference that is significant and shown to be smaller than the margin is BETTER or WORSE: it is real, and its
    interval shows that it is small. EQUIVALENT is only for comparisons that are not significant.

    Where the question is non-inferiority, NON_INFERIOR answers it also for a variant that is significantly worse, but
    surely by less than the margin. One that is better is BETTER, which says more.

    Args:
        n: usable seeds of the variant.
        n_baseline: usable seeds of the baseline.
        difference: positive is better; None if it is not defined.
        p_adjusted: family-wise adjusted p-value (Holm or Dunnett); None if the test is not defined.
        alpha: family-wise level.
        equivalence: the 1 − 2α interval of the difference (two one-sided tests, Schuirmann 1987), not
            adjusted for the family.
        margin: smallest difference that matters; None if no margin is declared.
        non_inferior: whether the variant is shown not to be worse by more than the margin, if that is the question;
            None if the question is whether they differ.
        lost_all: whether an arm has runs and every one of them was lost.
    """
    if lost_all:
        return Verdict.NO_RESULT
    if min(n, n_baseline) < FEWEST_SEEDS:
        return Verdict.TOO_FEW_SEEDS
    if difference is None or p_adjusted is None:
        return Verdict.UNDEFINED
    significant = p_adjusted < alpha
    if significant and difference > 0:
        return Verdict.BETTER
    if non_inferior:
        return Verdict.NON_INFERIOR
    if significant:
        return Verdict.WORSE
    inside = margin is not None and equivalence is not None and -margin < equivalence[0] and equivalence[1] < margin
    if inside and non_inferior is None:
        return Verdict.EQUIVALENT
    return Verdict.NOT_SUPPORTED

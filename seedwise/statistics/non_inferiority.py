"""Non-inferiority: whether a variant is worse than the baseline by a margin or more, which is a one-sided question.

It is shown where the lower end of the interval of the difference lies above −margin. The level is half that of the
two-sided tests, so that this is the interval that every comparison has: ICH E9 (1998, section 5.5) prefers it for that
consistency. A variant whose interval lies above 0 is then non-inferior as well, so the two questions are nested: after
non-inferiority, superiority can be tested at the same level (closed testing; CPMP 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seedwise.statistics.multiple import Dunnett, holm, holm_levels
from seedwise.statistics.ttest import TTest, two_sided_p


@dataclass(frozen=True)
class NonInferiority:
    """What the one-sided test of one comparison says.

    Attributes:
        margin: by how much the variant may be worse.
        low: lower end of the two-sided interval at the level that this comparison has to meet.
        p_value: one-sided, corrected for the number of comparisons; it must stay below half the family-wise level.
        level: two-sided level of that interval, the other comparisons being as they are.
    """

    margin: float
    low: float
    p_value: float
    level: float

    @property
    def shown(self) -> bool:
        """Whether the variant is not inferior."""
        return self.low > -self.margin

    def shown_by(self, test: TTest | None) -> bool:
        """Whether another test would show it at the same level."""
        return test is not None and test.interval(1 - self.level)[0] > -self.margin


def non_inferiority(tests: Sequence[TTest | None], margin: float | None, alpha: float) -> list[NonInferiority | None]:
    """Test each comparison of a family at the one-sided level α/2, corrected by Holm (1979); None without a margin."""
    if margin is None:
        return [None] * len(tests)
    p_values = [None if test is None else test.greater_p(-margin) for test in tests]
    levels = holm_levels([None if p is None else 2 * p for p in p_values], alpha)
    return [
        None if test is None or p is None else NonInferiority(margin, test.interval(1 - level)[0], p, level)
        for test, p, level in zip(tests, holm(p_values), levels, strict=True)
    ]


def dunnett_non_inferiority(joint: Dunnett, margin: float | None) -> list[NonInferiority | None]:
    """Test each comparison by the lower end of Dunnett's simultaneous interval; None without a margin."""
    if margin is None:
        return [None] * len(joint.tests)
    level = two_sided_p(joint.critical, joint.df)
    found: list[NonInferiority | None] = []
    for test, (low, _) in zip(joint.tests, joint.intervals, strict=True):
        shifted = TTest(test.difference + margin, test.standard_error, test.df)
        tail = joint.adjusted_p(shifted) / 2
        found.append(NonInferiority(margin, low, tail if shifted.difference > 0 else 1 - tail, level))
    return found

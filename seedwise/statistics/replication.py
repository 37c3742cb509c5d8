"""Whether two studies disagree about one comparison: a t test of the difference of two differences."""

from __future__ import annotations

import math

from seedwise.statistics.ttest import TTest


def difference_of_differences(first: TTest, second: TTest) -> TTest:
    """Test of second − first for independent studies, with Welch's degrees of freedom (Welch 1947)."""
    variances = first.standard_error**2, second.standard_error**2
    total = sum(variances)
    shares = (variance / total for variance in variances)
    df = 1.0 / sum(share**2 / test.df for share, test in zip(shares, (first, second), strict=True))
    return TTest(second.difference - first.difference, math.sqrt(total), df)

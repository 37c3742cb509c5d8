"""How often intervals of the probability of improvement contain it, and how wide they are, for normal noise.

    OMP_NUM_THREADS=1 python -m benchmarks.improvement_coverage --studies 4000

Compares `improvement_interval` with its candidates: Newcombe's (2006, part 2) method 5 with the quantile of the normal
and of the t distribution, the interval of DeLong et al. (1988) on the logit scale with the normal quantile, and the
same with the degrees of freedom of Brunner & Munzel (2000). The last two are undefined where all pairs are won or lost;
Newcombe's with t then takes their place. Prints coverage / mean width for each number of runs, ratio of the standard
deviations (first arm : second) and difference d of the means in units of their quadratic mean.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr, ndtri, stdtrit

from seedwise.statistics.effect import improvement_interval

Floats = NDArray[np.float64]
SIZES = ((3, 3), (5, 5), (10, 10), (20, 20), (3, 10), (5, 30))
RATIOS = (1.0, 3.0, 1 / 3)
EFFECTS = (0.0, 1.0, 2.0)
CONFIDENCE = 0.95


class Estimate:
    """Share of pairs won, its estimated variance and degrees of freedom, for every study (rows)."""

    def __init__(self, scores: Floats, baseline: Floats) -> None:
        self.n, self.m = scores.shape[1], baseline.shape[1]
        wins = (scores[:, :, None] > baseline[:, None, :]) * 1.0
        self.share = wins.mean(axis=(1, 2))
        own, other = wins.mean(axis=2).var(axis=1, ddof=1) / self.n, wins.mean(axis=1).var(axis=1, ddof=1) / self.m
        self.variance = own + other
        self.defined = (self.variance > 0) & (self.share > 0) & (self.share < 1)
        parts = own**2 / (self.n - 1) + other**2 / (self.m - 1)
        self.df = np.divide(self.variance**2, parts, out=np.ones_like(parts), where=self.defined)


def newcombe(estimate: Estimate, quantile: float) -> tuple[Floats, Floats]:
    """Ends of Newcombe's method 5, by bisection."""
    n, m, share = estimate.n, estimate.m, estimate.share
    others = (n + m) / 2 - 1
    ends = []
    for outside in (0.0, 1.0):
        near, far = share.copy(), np.full_like(share, outside)
        for _ in range(40):
            true = (near + far) / 2
            variance = true * (1 - true) * (1 + others * ((1 - true) / (2 - true) + true / (1 + true))) / (n * m)
            inside = (true - share) ** 2 <= quantile**2 * variance
            near, far = np.where(inside, true, near), np.where(inside, far, true)
        ends.append(near)
    return ends[0], ends[1]


def on_logits(estimate: Estimate, quantile: Floats | float) -> tuple[Floats, Floats]:
    """Ends of the interval with the estimated variance, on the logit scale."""
    share = np.where(estimate.defined, estimate.share, 0.5)
    half = quantile * np.sqrt(estimate.variance) / (share * (1 - share))
    low, high = newcombe_t(estimate)
    return (
        np.where(estimate.defined, expit(logit(share) - half), low),
        np.where(estimate.defined, expit(logit(share) + half), high),
    )


def newcombe_t(estimate: Estimate) -> tuple[Floats, Floats]:
    return newcombe(estimate, float(stdtrit(estimate.n + estimate.m - 2, 0.5 + CONFIDENCE / 2)))


Z = float(ndtri(0.5 + CONFIDENCE / 2))
CANDIDATES: dict[str, Callable[[Estimate], tuple[Floats, Floats]]] = {
    "Newcombe z": lambda estimate: newcombe(estimate, Z),
    "Newcombe t": newcombe_t,
    "DeLong logit": lambda estimate: on_logits(estimate, Z),
    "B.-M. logit": lambda estimate: on_logits(estimate, stdtrit(estimate.df, 0.5 + CONFIDENCE / 2)),
}


def seedwise(scores: Floats, baseline: Floats) -> tuple[Floats, Floats]:
    """Ends of the interval that the reports give."""
    found = [improvement_interval(a, b, CONFIDENCE) for a, b in zip(scores, baseline, strict=True)]
    return np.array([i.low for i in found if i]), np.array([i.high for i in found if i])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=4000)
    arguments = parser.parse_args()
    generator = np.random.default_rng(0)
    print(f"{'n':>3} {'m':>3} {'ratio':>5} {'d':>3} " + "".join(f"{name:>15}" for name in [*CANDIDATES, "seedwise"]))
    for n, m in SIZES:
        for ratio in RATIOS[: 2 if n == m else 3]:
            for d in EFFECTS:
                shift = d * np.sqrt((ratio**2 + 1) / 2)
                scores = generator.normal(shift, ratio, (arguments.studies, n))
                baseline = generator.normal(0.0, 1.0, (arguments.studies, m))
                truth, estimate = ndtr(shift / np.hypot(ratio, 1.0)), Estimate(scores, baseline)
                ends = [*(candidate(estimate) for candidate in CANDIDATES.values()), seedwise(scores, baseline)]
                cells = [
                    f"{100 * np.mean((low <= truth) & (truth <= high)):8.1f} / {np.mean(high - low):.2f}"
                    for low, high in ends
                ]
                print(f"{n:3} {m:3} {ratio:5.2f} {d:3.0f} " + "".join(f"{cell:>15}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()

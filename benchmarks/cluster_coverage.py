"""How often intervals for new examples contain the true difference, where examples come in clusters.

    OMP_NUM_THREADS=1 python -m benchmarks.cluster_coverage --out benchmarks/cluster_coverage.json

Two variants answer examples in few clusters of equal or unequal size. Compares `clustered_mean`, which decides, with
the same standard error (CR2) and G − 1 degrees of freedom, with the usual CR1 (that of inspect_ai and statsmodels) and
G − 1 degrees of freedom, with CR1 and a normal quantile, and with a t test that ignores clusters. Then the same for few
examples without clusters, scored right or wrong. The true difference is 0, so 1 − coverage is the rate of false claims.
"""

from __future__ import annotations

import argparse
import json
import math
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from seedwise.statistics.clusters import cluster_sums, clustered_mean, cr2_variance
from seedwise.statistics.ttest import TTest, paired

Floats = NDArray[np.float64]
CLUSTERS = (5, 10, 20, 50)
SIZES = ("equal", "varied", "skewed", "one large")
CORRELATIONS = (0.0, 0.3, 0.9)
KINDS = ("normal", "right or wrong")
EXAMPLES = (10, 20, 50, 200)
DISCORDANT = (0.1, 0.3, 0.6)
CONFIDENCE = 0.95
STUDIES = 10_000


def sizes_of(kind: str, clusters: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Examples in each cluster."""
    if kind == "equal":
        return np.full(clusters, 20)
    if kind == "varied":
        return np.maximum(1, generator.poisson(20, clusters))
    if kind == "skewed":
        return np.maximum(1, np.round(generator.lognormal(2.5, 0.8, clusters)).astype(np.int64))
    sizes = np.full(clusters, 10)
    sizes[0] = 100
    return sizes


def differences(codes: NDArray[np.int64], kind: str, correlation: float, generator: np.random.Generator) -> Floats:
    """Differences of two variants that are equally good; `correlation` is that of the effect within a cluster."""
    clusters = int(codes.max()) + 1
    if kind == "normal":
        shared = generator.normal(0, math.sqrt(correlation), clusters)[codes]
        return shared + generator.normal(0, math.sqrt(1 - correlation), codes.size)
    difficulty = generator.normal(0, 0.7, codes.size)
    answers = [
        generator.normal(0, math.sqrt(correlation), clusters)[codes] + difficulty + generator.normal(0, 0.7, codes.size)
        > 0.3
        for _ in range(2)
    ]
    return answers[0].astype(np.float64) - answers[1]


def covers(test: TTest, df: float | None = None) -> bool:
    """Whether the interval contains 0, with the test's or other degrees of freedom."""
    return abs(test.statistic) <= float(stdtrit(test.df if df is None else df, 0.5 + CONFIDENCE / 2))


def clustered(clusters: int, sizes: str, correlation: float, kind: str, studies: int = STUDIES) -> dict[str, float]:
    """Coverage of each method in one cell; the same cell gives the same numbers."""
    generator = np.random.default_rng([clusters, SIZES.index(sizes), int(10 * correlation), KINDS.index(kind)])
    methods = ("seedwise", "CR2, G - 1", "CR1, G - 1", "CR1, normal", "no clusters")
    hits, usable = dict.fromkeys(methods, 0), 0
    for _ in range(studies):
        codes = np.repeat(np.arange(clusters), sizes_of(sizes, clusters, generator))
        values = differences(codes, kind, correlation, generator)
        test, plain = clustered_mean(values, codes), clustered_mean(values)
        if test is None or plain is None:
            continue
        usable += 1
        counts, sums = cluster_sums(values, codes)
        deviations = sums - counts * values.mean()
        cr1 = float(deviations @ deviations) * clusters / (clusters - 1) / codes.size**2
        usual = TTest(test.difference, math.sqrt(cr1), clusters - 1.0)
        assert math.isclose(cr2_variance(counts, deviations), test.standard_error**2)
        found = (covers(test), covers(test, clusters - 1), covers(usual), covers(usual, 1e9), covers(plain))
        for method, hit in zip(methods, found, strict=True):
            hits[method] += hit
    return {method: round(count / usable, 4) for method, count in hits.items()}


def unclustered(examples: int, discordant: float, studies: int = STUDIES) -> dict[str, float]:
    """Rate of false claims of the paired t test on examples that are right or wrong, without clusters."""
    generator = np.random.default_rng([examples, int(100 * discordant)])
    claims = 0
    for _ in range(studies):
        differs = generator.random(examples) < discordant
        values = np.where(differs, generator.choice([-1.0, 1.0], examples), 0.0)
        test = paired(values, np.zeros(examples))
        claims += test is not None and not covers(test)
    return {"false claims": round(claims / studies, 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="JSON file for the numbers")
    parser.add_argument("--studies", type=int, default=STUDIES, help="simulated in each cell")
    args = parser.parse_args()
    cells = []
    for clusters, sizes, correlation, kind in product(CLUSTERS, SIZES, CORRELATIONS, KINDS):
        found = clustered(clusters, sizes, correlation, kind, args.studies)
        cells.append({"clusters": clusters, "sizes": sizes, "correlation": correlation, "scores": kind, **found})
        print(cells[-1], flush=True)
    few = []
    for examples, discordant in product(EXAMPLES, DISCORDANT):
        few.append({"examples": examples, "discordant": discordant, **unclustered(examples, discordant, args.studies)})
        print(few[-1], flush=True)
    if args.out:
        stored = {"studies": args.studies, "confidence": CONFIDENCE, "clustered": cells, "without clusters": few}
        args.out.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

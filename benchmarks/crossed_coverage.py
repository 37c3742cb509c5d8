"""How often intervals for new seeds and new examples at once contain the true difference.

    OMP_NUM_THREADS=1 python -m benchmarks.crossed_coverage --out benchmarks/crossed_coverage.json

Two variants of a few seeds answer the same examples; the seeds of both scatter alike or 20 times as much in one of
them, and examples differ not at all, a little, or far more than seeds. Compares the degrees of freedom that
`two_questions` takes, Welch's of the seeds, with their sum, Σ(S−1), and with Satterthwaite's, which count the examples
in. The variance is the same. The true difference is 0.
"""

from __future__ import annotations

import argparse
import json
import math
from itertools import product
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

from seedwise.statistics.crossed import seed_part, two_questions

SEEDS = ((3, 3), (5, 5), (3, 10))
SPREADS = ((1.0, 1.0), (20.0, 1.0), (1.0, 20.0))
EXAMPLE_SPREADS = (0.0, 10.0, 100.0)
UNIT, NOISE, EXAMPLES = 0.01, 0.3, 200
CONFIDENCE = 0.95


def covered(
    seeds: tuple[int, int], spreads: tuple[float, float], between: float, studies: int, generator: np.random.Generator
) -> dict[str, float]:
    """Return the share of studies whose interval contains 0, for each choice of degrees of freedom."""
    hits = dict.fromkeys(("welch", "sum", "satterthwaite"), 0)
    for _ in range(studies):
        difficulty = generator.normal(0, UNIT * between, EXAMPLES)
        a, b = (
            generator.normal(0, UNIT * spread, (n, 1)) + generator.normal(0, NOISE, (n, EXAMPLES))
            for n, spread in zip(seeds, spreads, strict=True)
        )
        a += difficulty
        answer = two_questions(a, b, CONFIDENCE)
        hits["welch"] += answer.both is not None and answer.both[0] <= 0 <= answer.both[1]
        parts, degrees = np.array([seed_part(a), seed_part(b)]), np.array(seeds) - 1
        total, uncertain = answer.parts.total, float(np.sum(parts**2 / degrees))
        others = {
            "sum": float(degrees.sum()),
            "satterthwaite": total**2 / (uncertain + answer.parts.item**2 / (EXAMPLES - 1)),
        }
        for name, df in others.items():
            hits[name] += abs(answer.difference) <= stdtrit(df, (1 + CONFIDENCE) / 2) * math.sqrt(total)
    return {name: count / studies for name, count in hits.items()}


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=4000, help="for each line (default: 4000)")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    generator = np.random.default_rng(0)
    rows = []
    for seeds, spreads, between in product(SEEDS, SPREADS, EXAMPLE_SPREADS):
        shares = covered(seeds, spreads, between, arguments.studies, generator)
        rows.append({"seeds": seeds, "seed_spreads": spreads, "example_spread": between, **shares})
        print(rows[-1], flush=True)
    for name in ("welch", "sum", "satterthwaite"):
        print(f"{name}: {min(row[name] for row in rows):.3f} to {max(row[name] for row in rows):.3f}")
    if arguments.out:
        arguments.out.write_text(json.dumps({"studies": arguments.studies, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()

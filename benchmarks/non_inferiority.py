"""How often NON_INFERIOR is a false claim, and how often it is shown of variants that are as good as the baseline.

    OMP_NUM_THREADS=1 python -m benchmarks.non_inferiority --out benchmarks/non_inferiority.json

Normal scores of k variants and a baseline, n runs each; every variant scatters `ratio` times as much as the baseline.
False claims: studies in which a variant that is worse by exactly the margin is shown to be non-inferior, where all
variants are (`all`), or only the first, the others being clearly better (`one`, the hardest case for Holm's
correction). Power: of variants that are as good as the baseline, with the smallest margin for which `plan_seeds`
promises 80 % at these spreads; how often the first of them is shown.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seedwise.plan import Plan
from seedwise.statistics.arm import Arm
from seedwise.statistics.decision import contests, decide_all
from seedwise.statistics.multiple import dunnett
from seedwise.statistics.planning import plan_seeds

RULES = {"welch": {}, "paired": {"pairing": "seed"}, "dunnett": {"variance": "pooled"}}
SIZES, FAMILIES, RATIOS = (3, 5, 10), (1, 3), (1.0, 3.0)
SHOWN = ("NON_INFERIOR", "BETTER")

Floats = NDArray[np.float64]


def shown(rule: str, scores: Floats, margin: float) -> list[bool]:
    """Return which variants the verdicts call non-inferior or better; `scores` are (variants, runs), baseline first."""
    arms = [Arm(f"v{place}", tuple(range(scores.shape[1])), own, 0, 0) for place, own in enumerate(scores)]
    declared = {"metric": "score", "higher_is_better": True, "baseline": "v0", "question": "non-inferiority"}
    plan = Plan.model_validate({**declared, "margin": margin, **RULES[rule]})
    return [decision.verdict in SHOWN for decision in decide_all(contests(arms[1:], arms[0], plan), plan).decisions]


def drawn(k: int, n: int, ratio: float, shifts: Floats, generator: np.random.Generator) -> Floats:
    """Return a study's scores, the baseline first."""
    scores = generator.normal(size=(k + 1, n))
    scores[1:] = ratio * scores[1:] + shifts[:, None]
    return scores


def promised_margin(rule: str, k: int, n: int, ratio: float) -> float:
    """Return the smallest margin for which these runs are said to be enough."""
    unit = np.linspace(-1.0, 1.0, n)
    unit /= unit.std(ddof=1)
    pair = (ratio * unit, unit)
    if rule == "paired":
        pair = (unit * float(np.hypot(ratio, 1.0)), np.zeros(n))
    joint = dunnett([pair[0]] * k, pair[1]) if rule == "dunnett" else None
    found = plan_seeds([pair] * k, 0.05, paired=rule == "paired", dunnett=joint)[0].detectable_difference
    assert found is not None
    return found


def rates(rule: str, k: int, n: int, ratio: float, studies: int, generator: np.random.Generator) -> dict[str, float]:
    """Return the shares of studies with a false claim, and of those that show what is true."""
    margin = promised_margin(rule, k, n, ratio)
    cases = {"all": np.full(k, -margin), "one": np.array([-margin, *[4 * margin] * (k - 1)]), "power": np.zeros(k)}
    counts = dict.fromkeys(cases, 0)
    for name, shifts in cases.items():
        for _ in range(studies):
            found = shown(rule, drawn(k, n, ratio, shifts, generator), margin)
            counts[name] += any(found) if name == "all" else found[0]
    return {name: count / studies for name, count in counts.items()}


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=4000, help="for each rate (default: 4000)")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    generator = np.random.default_rng(0)
    rows = []
    for rule, k, n, ratio in product(RULES, FAMILIES, SIZES, RATIOS):
        found = rates(rule, k, n, ratio, arguments.studies, generator)
        rows.append({"rule": rule, "k": k, "n": n, "ratio": ratio, **found})
        print(rows[-1], flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps({"studies": arguments.studies, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()

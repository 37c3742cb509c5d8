"""How often each warning appears in studies in which nothing is wrong.

    python -m benchmarks.false_alarms --out benchmarks/false_alarms.json

A clean study is normal noise with one standard deviation for all variants, rounded as recorded scores are: to three or
four decimals, to counts of 10 000 test examples stored in single precision, or not at all; with and without a loss
beside the accuracy. Warnings that state a fact (few seeds, a small test set, ...) are not counted. `--gap-table`
simulates the table of `seedwise.statistics.chance`, `--welch` false claims at unequal numbers of runs.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from seedwise.basics.files import write_text
from seedwise.plan import Plan
from seedwise.statistics.warnings import FALSE_ALARMS, find_warnings

ARMS, SEEDS = (1, 2, 3, 5, 21), (3, 5, 10, 20)
STD, MEAN = 0.002, 0.9
ROUNDINGS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "3 decimals": lambda scores: scores.round(3),
    "4 decimals": lambda scores: scores.round(4),
    "counts / 10000, single precision": lambda scores: scores.round(4).astype(np.float32).astype(np.float64),
    "full": lambda scores: scores,
}
COUNTED = (*FALSE_ALARMS, "no_spread")
LEVELS = (0.05, 0.01, 0.001, 0.0001, 0.00001)


def clean_study(
    rng: np.random.Generator, arms: int, seeds: int, rounding: str, loss: bool, correlation: float
) -> pd.DataFrame:
    """Draw a study; runs of one seed may be correlated across variants."""
    shared = np.sqrt(correlation) * rng.normal(size=(2, 1, seeds))
    noise = shared + np.sqrt(1 - correlation) * rng.normal(size=(2, arms, seeds))
    accuracy = ROUNDINGS[rounding](MEAN + STD * noise[0])
    columns = {
        "variant": np.repeat([f"v{index}" for index in range(arms)], seeds),
        "seed": np.tile(np.arange(seeds), arms),
        "test_accuracy": accuracy.ravel(),
    }
    return pd.DataFrame(columns | ({"test_loss": (0.3 + 0.01 * noise[1]).ravel()} if loss else {}))


def rates(
    rng: np.random.Generator, studies: int, *, arms: int, seeds: int, rounding: str, loss: bool, pairing: str
) -> dict[str, float]:
    """Return how often each warning appears, and how often any that can arise by chance does."""
    plan = Plan.model_validate(
        {"metric": "test_accuracy", "higher_is_better": True, "baseline": "v0", "pairing": pairing}
    )
    found: Counter[str] = Counter()
    for index in range(studies):
        # Half of the paired studies have the correlation that shared seeds were measured to have.
        correlation = 0.5 if pairing == "seed" and index % 2 else 0.0
        runs = clean_study(rng, arms, seeds, rounding, loss, correlation)
        codes = {warning.code for warning in find_warnings(runs, plan, other_metrics=["test_loss"] if loss else [])}
        found.update(codes & set(COUNTED))
        found["any"] += bool(codes & set(FALSE_ALARMS))
    return {code: found[code] / studies for code in (*COUNTED, "any")}


def measure(studies: int, seed: int, processes: int) -> Iterator[dict[str, object]]:
    """Yield a row for each kind of study; a loss concerns only ties, for which pairing makes no difference."""
    kinds = [
        {"pairing": pairing, "loss": loss, "rounding": rounding, "arms": arms, "seeds": seeds}
        for (pairing, loss), rounding, arms, seeds in itertools.product(
            (("none", False), ("none", True), ("seed", False)), ROUNDINGS, ARMS, SEEDS
        )
    ]
    with ProcessPoolExecutor(processes) as pool:
        jobs = [pool.submit(_row, kind, studies, [seed, index]) for index, kind in enumerate(kinds)]
        for job in jobs:
            yield job.result()


def _row(kind: dict[str, Any], studies: int, seeds: list[int]) -> dict[str, object]:
    return {**kind, "studies": studies, **rates(np.random.default_rng(seeds), studies, **kind)}


def markdown(rows: list[dict[str, object]]) -> str:
    """Write mean rates over the numbers of arms and seeds, and the kind of study with most alarms."""
    lines = [
        "| scores | " + " | ".join(f"`{code}`" for code in COUNTED) + " | any | worst study |",
        "| --- " + "| ---: " * (len(COUNTED) + 1) + "| --- |",
    ]
    table = pd.DataFrame(rows)
    for (pairing, loss, rounding), group in table.groupby(["pairing", "loss", "rounding"], sort=False):
        mean = group[[*COUNTED, "any"]].mean()
        worst = group.loc[group["any"].idxmax()]
        cells = [f"{100 * mean[code]:.2f} %" for code in (*COUNTED, "any")]
        where = f"{100 * worst['any']:.1f} %: {worst['arms']} arms × {worst['seeds']} seeds"
        scores = f"{rounding}{', and a loss' if loss else ''}{', paired' if pairing == 'seed' else ''}"
        lines.append(f"| {scores} | {' | '.join(cells)} | {where} |")
    return "\n".join(lines)


def gap_table(samples: int, seed: int) -> Iterator[str]:
    """Yield the rows of `_REST_OF_RANGE` in seedwise/statistics/chance.py."""
    rng = np.random.default_rng(seed)
    for n in (*range(4, 21), 25, 30, 40, 50):
        shares = np.concatenate([_shares(rng, min(100_000, samples), n) for _ in range(max(1, samples // 100_000))])
        rests = 1 - np.quantile(shares, [1 - level for level in LEVELS])
        yield f"    {n}: ({', '.join(f'{rest:.4g}' for rest in rests)}),"


def _shares(rng: np.random.Generator, samples: int, n: int) -> NDArray[np.float64]:
    ordered = np.sort(rng.standard_normal((samples, n)), axis=1)
    return np.asarray(np.diff(ordered, axis=1).max(axis=1) / (ordered[:, -1] - ordered[:, 0]))


def welch_rate(rng: np.random.Generator, n: int, n_baseline: int, samples: int) -> float:
    """Return how often Welch's test at 5 % claims a difference between equal variants of equal standard deviation.

    Given the two variances the rate is known, so only these are drawn.
    """
    own, other = (rng.chisquare(size - 1, samples) / (size - 1) / size for size in (n, n_baseline))
    df = (own + other) ** 2 / (own**2 / (n - 1) + other**2 / (n_baseline - 1))
    reached = special.stdtrit(df, 0.975) * np.sqrt((own + other) / (1 / n + 1 / n_baseline))
    return float(2 * special.ndtr(-reached).mean())


def main() -> None:
    """Simulate what is asked for; print it, and write the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000, help="of each kind (default: 1000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--gap-table", type=int, metavar="SAMPLES", help="print the table of gaps instead")
    parser.add_argument("--welch", type=int, metavar="SAMPLES", help="print false claims at unequal numbers instead")
    parser.add_argument("--out", type=Path, help="JSON file for the rates")
    arguments = parser.parse_args()
    if arguments.gap_table:
        for line in gap_table(arguments.gap_table, arguments.seed):
            print(line, flush=True)
        return
    if arguments.welch:
        rng = np.random.default_rng(arguments.seed)
        for n, many in ((3, 3), (3, 7), (3, 10), (3, 30), (3, 100), (4, 9), (4, 10), (4, 30), (5, 11), (5, 30)):
            print(f"{n} against {many}: {100 * welch_rate(rng, n, many, arguments.welch):.2f} %", flush=True)
        return
    rows = []
    for row in measure(arguments.studies, arguments.seed, arguments.processes):
        rows.append(row)
        print(json.dumps(row), flush=True)
    print(markdown(rows))
    if arguments.out:
        lines = ",\n".join(json.dumps(row) for row in rows)
        write_text(arguments.out, f'{{"mean": {MEAN}, "std": {STD}, "kinds": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()

"""Measure how often each decision rule is wrong on real training runs, and write docs/calibration.md.

    python -m benchmarks.calibrate                   about 4 minutes on 2 idle cores
    python -m benchmarks.calibrate --document-only   only figures and text, from what was measured, in seconds
    python -m benchmarks.calibrate --promises-only   measure only promises.csv, in about a minute

Reads docs/calibration/runs.csv: the runs.csv of `snakemake --configfile studies/calibration.yaml`. Writes measured.csv
(the decision rules) and promises.csv (what the reports promise) beside it, the figures, and docs/calibration.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

import pandas as pd

from benchmarks.calibration import alarms, effects, lost, power
from benchmarks.calibration.document import PROMISE_KEY, render
from benchmarks.calibration.draws import NormalNoise, OnePool, TwoPools
from benchmarks.calibration.figures import plot_false_claims, plot_noise, plot_power
from benchmarks.calibration.measure import (
    SIZES,
    Effort,
    Measured,
    measure_claims,
    measure_coverage,
    measure_normal_coverage,
)
from benchmarks.calibration.promises import Effort as PromiseEffort
from benchmarks.calibration.promises import Promise
from benchmarks.calibration.runs import Pools, read_pools
from seedwise.basics.files import write_text

DOCS = Path(__file__).resolve().parent.parent / "docs"


def tasks(pools: Pools, effort: Effort, sizes: Sequence[int] = SIZES) -> list[Callable[[], list[Measured]]]:
    """Return all measurements, the slowest first."""
    null, variant = pools.baseline, pools.variant
    stds = (float(variant.std(ddof=1)), float(null.std(ddof=1)))
    half = len(null) // 2
    null_populations = {
        "one_pool": OnePool(null),
        "copy": TwoPools(null[half:], null[:half], aligned=False, same_seeds=False),
        "copy_recentred": TwoPools(null[half:], null[:half], aligned=False, same_seeds=False, recentred=True),
        "effect_recentred": TwoPools(variant, null, aligned=True, same_seeds=True, recentred=True),
        "normal": NormalNoise((null.mean(), null.mean()), (stds[1], stds[1])),
    }
    effects = {
        "effect": TwoPools(variant, null, aligned=True, same_seeds=True),
        "effect_other_seeds": TwoPools(variant, null, aligned=True, same_seeds=False),
        "normal": NormalNoise((variant.mean(), null.mean()), stds, pools.correlation),
    }
    direction = 1 if pools.difference > 0 else -1
    found: list[Callable[[], list[Measured]]] = []
    for n in sorted(sizes, reverse=True):
        for name, population in null_populations.items():
            found.append(partial(measure_claims, "false_claims", name, population, n, effort))
        for name, population in effects.items():
            found.append(partial(measure_claims, "power", name, population, n, effort, direction))
        for name, pool in (("baseline", null), ("variant", variant)):
            found.append(partial(measure_coverage, name, pool, n, effort))
        found.append(partial(measure_normal_coverage, "normal", null, n, effort))
    return found


def promise_tasks(runs: pd.DataFrame, effort: PromiseEffort) -> list[Callable[[], list[Promise]]]:
    """Return the measurements of everything that the reports promise."""
    pools = read_pools(runs)
    others = (part.tasks(pools, effort) for part in (effects, power, lost))
    return [*alarms.tasks(runs, effort), *chain.from_iterable(others)]


Row = TypeVar("Row", Measured, Promise)


def _call(task: Callable[[], list[Row]]) -> list[Row]:
    return task()


def _table(tasks: Sequence[Callable[[], list[Row]]], jobs: int) -> pd.DataFrame:
    with ProcessPoolExecutor(jobs) as executor:
        return pd.DataFrame([asdict(row) for part in executor.map(_call, tasks) for row in part])


def main() -> None:
    """Measure the rates, plot the figures and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder with calibration/runs.csv")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--document-only", action="store_true", help="use the existing measurements")
    parser.add_argument("--promises-only", action="store_true", help="use the existing measurements of the rules")
    arguments = parser.parse_args()
    folder = arguments.docs / "calibration"
    runs = pd.read_csv(folder / "runs.csv")
    pools = read_pools(runs)
    if not (arguments.document_only or arguments.promises_only):
        table = _table(tasks(pools, Effort()), arguments.jobs).sort_values(["quantity", "setting", "rule", "n"])
        write_text(folder / "measured.csv", table.to_csv(index=False))
    if not arguments.document_only:
        table = _table(promise_tasks(runs, PromiseEffort()), arguments.jobs).sort_values(list(PROMISE_KEY))
        # Not all digits: the last ones depend on the machine.
        write_text(folder / "promises.csv", table.to_csv(index=False, float_format="%.8g"))
    measured, promises = pd.read_csv(folder / "measured.csv"), pd.read_csv(folder / "promises.csv")
    plot_false_claims(measured, folder / "false_claims")
    plot_power(measured, folder / "power")
    plot_noise(pools, folder / "noise")
    write_text(arguments.docs / "calibration.md", render(runs, measured, promises))


if __name__ == "__main__":
    main()

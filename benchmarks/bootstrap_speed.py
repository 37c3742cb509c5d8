"""The speed of the exact bootstrap of 1 000 variants, compared with scipy, arch and the course's loop.

    OMP_NUM_THREADS=1 python benchmarks/bootstrap_speed.py

All compute the 95 % percentile interval of the mean of every variant in one process on one thread; the others draw
10 000 resamples per variant. They take turns, round by round, so that a slowdown of the machine affects all of them. In
each round, the slower ones get fewer variants and their times are scaled up. Times are processor seconds (wall-clock
seconds with --clock), the median over rounds. `arch` is optional: `pip install -r requirements-bench.txt`.

Also timed: Seedwise's intervals of all differences from the first variant, the whole analysis, and the command
`seedwise analyse` on such a table, from its start to its end.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from seedwise.plan import Plan
from seedwise.statistics import analyse, bootstrap_cis
from seedwise.statistics.bootstrap import bootstrap_difference_cis

VARIANTS, RESAMPLES, TEST_SIZE = 1000, 10_000, 10_000
PLAN = Plan(metric="test_accuracy", higher_is_better=True, baseline="v0")
Matrix = np.ndarray


def with_seedwise(scores: Matrix) -> None:
    bootstrap_cis(scores)


def with_scipy(scores: Matrix) -> None:
    generator = np.random.default_rng(0)
    for row in scores:
        stats.bootstrap((row,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=generator)


def with_arch(scores: Matrix) -> None:
    from arch.bootstrap import IIDBootstrap

    for row in scores:
        IIDBootstrap(row, seed=0).conf_int(np.mean, reps=RESAMPLES, method="percentile")


def with_course_loop(scores: Matrix) -> None:
    np.random.seed(0)  # noqa: NPY002 - as the course writes it
    for row in scores:
        means = [np.mean(np.random.choice(row, size=len(row), replace=True)) for _ in range(RESAMPLES)]  # noqa: NPY002
        np.percentile(means, [2.5, 97.5])


# name, function, variants per round
METHODS: list[tuple[str, Callable[[Matrix], None], int]] = [
    ("seedwise", with_seedwise, VARIANTS),
    ("scipy", with_scipy, 100),
    ("arch", with_arch, 2),
    ("course", with_course_loop, 2),
]


def accuracies(n: int, on_lattice: bool) -> Matrix:
    """Return scores (variants × n): shares of correct answers out of 10 000, or the same without rounding."""
    generator = np.random.default_rng(n)
    means = np.clip(generator.normal(0.9, 0.003, (VARIANTS, n)), 0, 1)
    return generator.binomial(TEST_SIZE, means) / TEST_SIZE if on_lattice else means


def compare(scores: Matrix, rounds: int, clock: Callable[[], float]) -> dict[str, float]:
    """Return the median seconds for all variants, by method."""
    methods = [m for m in METHODS if m[0] != "arch" or importlib.util.find_spec("arch")]
    for _, function, _ in methods:
        function(scores[:2])
    seconds: dict[str, list[float]] = {name: [] for name, _, _ in methods}
    for _ in range(rounds):
        for name, function, rows in methods:
            began = clock()
            function(scores[:rows])
            seconds[name].append((clock() - began) * VARIANTS / rows)
    return {name: statistics.median(values) for name, values in seconds.items()}


def run_table(scores: Matrix) -> pd.DataFrame:
    names = [f"v{index}" for index in range(len(scores))]
    n = scores.shape[1]
    return pd.DataFrame(
        {"variant": np.repeat(names, n), "seed": np.tile(np.arange(n), len(scores)), "test_accuracy": scores.ravel()}
    )


def time_rest(scores: Matrix, rounds: int, clock: Callable[[], float]) -> dict[str, float]:
    """Return the median seconds of all differences, of the whole analysis and of the command."""
    runs = run_table(scores)
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "runs.csv"
        runs.to_csv(table, index=False)
        program = "import sys; from seedwise.cli import main; sys.exit(main())"
        arguments = ["analyse", str(table), "--metric", PLAN.metric, "--baseline", PLAN.baseline]

        def command() -> None:
            subprocess.run([sys.executable, "-c", program, *arguments], check=True, stdout=subprocess.DEVNULL)

        work: dict[str, Callable[[], object]] = {
            "differences": lambda: bootstrap_difference_cis(scores[1:], scores[0]),
            "analysis": lambda: analyse(runs, PLAN),
            "command": command,
        }
        analyse(run_table(scores[:10]), PLAN)
        seconds: dict[str, list[float]] = {name: [] for name in work}
        for _ in range(rounds):
            for name, function in work.items():
                began = clock()
                function()
                seconds[name].append(clock() - began)
    return {name: statistics.median(values) for name, values in seconds.items()}


def processor_seconds() -> float:
    """Return the processor time of this process and of those that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def measure(sizes: Sequence[int], rounds: int, clock: Callable[[], float] = processor_seconds) -> dict[str, object]:
    """Measure every method at several numbers of seeds, with scores on a lattice and off it."""
    results = []
    for on_lattice in (True, False):
        for n in sizes:
            scores = accuracies(n, on_lattice)
            seconds = compare(scores, rounds, clock) | time_rest(scores, rounds, clock)
            rounded = {name: float(f"{value:.3g}") for name, value in seconds.items()}
            results.append({"seeds": n, "on_lattice": on_lattice, "seconds": rounded})
            print("  ", results[-1], flush=True)
    return {"variants": VARIANTS, "results": results}


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seeds", type=int, nargs="+", default=[3, 5, 10, 20])
    parser.add_argument("--clock", action="store_true", help="measure wall-clock time instead of processor time")
    arguments = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":
        sys.exit("set OMP_NUM_THREADS=1: processor time adds up over threads")
    if not importlib.util.find_spec("arch"):
        print("arch is skipped because it is not installed (pip install -r requirements-bench.txt)")
    measure(arguments.seeds, arguments.rounds, time.perf_counter if arguments.clock else processor_seconds)


if __name__ == "__main__":
    main()

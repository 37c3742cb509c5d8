"""The speed of the statistics: their import, and each of their slower parts on large inputs.

    OMP_NUM_THREADS=1 python -m benchmarks.statistics_speed

Prints processor seconds, the minimum over several repetitions, because other work on the machine only adds to them.
`bootstrap_speed.py` times the bootstrap of 1 000 variants and the whole analysis of such a study.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from seedwise.statistics import bootstrap_ci, plan_seeds

SCORES = np.random.default_rng(0).normal(0.84, 0.005, 10**6)


def power_of_many_variants() -> None:
    arms = np.random.default_rng(1).normal(0.84, 0.005, (1001, 5))
    plan_seeds([(arm, arms[0]) for arm in arms[1:]], alpha=0.05)


def seconds_in_process(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def seconds_of_program(before: str, timed: str) -> float:
    """Return the processor seconds that a new Python process takes for `timed` after it has run `before`."""
    program = f"import time; {before}; began = time.process_time(); {timed}; print(time.process_time() - began)"
    return float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)


MEASURED: dict[str, Callable[[], float]] = {
    "import seedwise.statistics, after scipy.stats": lambda: seconds_of_program(
        "import scipy.stats", "import seedwise.statistics"
    ),
    "import the command line": lambda: seconds_of_program("pass", "import seedwise.cli"),
    "power and seeds needed, 1 000 variants": lambda: seconds_in_process(power_of_many_variants),
    "bootstrap of 10⁶ scores on a lattice": lambda: seconds_in_process(lambda: bootstrap_ci(SCORES.round(4))),
    "bootstrap of 10⁶ scores off a lattice": lambda: seconds_in_process(lambda: bootstrap_ci(SCORES)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    for name, measure in MEASURED.items():
        print(f"{name:<46} {min(measure() for _ in range(arguments.rounds)):6.2f} s", flush=True)


if __name__ == "__main__":
    main()

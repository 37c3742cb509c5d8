"""Python's garbage collector, kept from looking at what stays anyway: modules, and the graph of thousands of jobs.

While Snakemake plans, it makes hundreds of thousands of objects, and none of them is garbage. Python looks through all
of them whenever a quarter more are there, and once more when it ends: together half of the time of planning.
"""

from __future__ import annotations

import atexit
import gc

MOST = 1_000_000
"""New objects after which they are looked through nevertheless: a bound on what garbage may take. 3 000 runs make half
as many."""
_usual: tuple[int, int, int] | None = None


def plan_without_collecting() -> None:
    """Look for garbage rarely from now on, and not at all when this process ends."""
    global _usual
    if _usual is None:
        _usual = gc.get_threshold()
        gc.set_threshold(MOST, *_usual[1:])
        atexit.register(gc.freeze)


def collect_as_usual() -> None:
    """Look for garbage as usual from now on, among what is made from now on: what is there stays to the end."""
    if _usual is not None:
        gc.freeze()
        gc.set_threshold(*_usual)

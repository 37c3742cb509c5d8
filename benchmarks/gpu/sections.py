"""One section in a process of its own, so that a broken CUDA context or a hang ends this section only."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.gpu.plan import Plan, Section


def work(name: str) -> Callable[[Section], None]:
    """Return the function that measures a section; others may need what this machine lacks, so only it is imported."""
    if name in ("start_up", "study"):
        from benchmarks.gpu import study as module
    elif name in ("small_cnn", "resnet18", "cifar"):
        from benchmarks.gpu import throughput as module
    elif name == "batched":
        from benchmarks.gpu import batched as module
    elif name == "copying":
        from benchmarks.gpu import copying as module
    elif name == "core":
        from benchmarks.gpu import core as module
    else:
        raise SystemExit(f"no such section: {name}")
    return getattr(module, name)


def main() -> None:
    """Measure the section; its results are in the file after each of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    arguments = parser.parse_args()
    section = Section(Plan.read(arguments.plan), arguments.out, time.monotonic() + arguments.seconds)
    section.save()
    work(arguments.name)(section)
    section.save()


if __name__ == "__main__":
    main()

"""All benchmarks of speed, one after another, unattended: `make bench`.

    python -m benchmarks.whole                                  # about 25 minutes on two quiet cores
    python -m benchmarks.whole --rounds 1 --sections imports scale --out try.json

Writes one JSON file with the machine, the date, the load before and after each section, and all figures;
`python -m benchmarks.readme` makes README.md of it. A section that fails is noted with its error, and the others are
measured all the same. Sections that are not asked for keep the figures that the file has. The data are fetched where
they are missing. Lightning, fastai and arch are left out and named where they are not installed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.measuring import ROOT, load, machine, now
from seedwise.basics.files import write_text

MEASURED = ROOT / "benchmarks/measured.json"


def _course(rounds: int) -> dict[str, Any]:
    from benchmarks.against_course import measure

    return measure(rounds)


def _runs(rounds: int) -> dict[str, Any]:
    from benchmarks.run_overhead import measure

    return measure(rounds)


def _throughput(rounds: int) -> dict[str, Any]:
    from benchmarks.throughput import cells, measure_all

    return measure_all(cells(["small_cnn", "resnet18"], ["fp32"], few=True), rounds=2 * rounds)


def _program(rounds: int) -> dict[str, Any]:
    from benchmarks.program_overhead import measure

    return dict(measure(repeats=5 * rounds, runs=100 * rounds))


def _scale(rounds: int, seeds: int = 30) -> dict[str, Any]:
    from benchmarks.scale import measure

    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder) / "scale", variants=100, seeds=seeds, rounds=rounds)


def _ten_thousand(_: int) -> dict[str, Any]:
    return _scale(rounds=1, seeds=100)


def _bootstrap(rounds: int) -> dict[str, Any]:
    from benchmarks.bootstrap_speed import measure

    return measure([5, 20], rounds)


SECTIONS: dict[str, Callable[[int], dict[str, Any]]] = {
    "course": _course,
    "runs": _runs,
    "throughput": _throughput,
    "program": _program,
    "scale": _scale,
    "bootstrap": _bootstrap,
    "ten thousand": _ten_thousand,
}
USUAL = [name for name in SECTIONS if name != "ten thousand"]


def _prepare(name: str) -> None:
    """Keep the statistics on one thread, as processor seconds add up over threads; trainings set their own."""
    if name == "bootstrap":
        os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")


def measured(name: str, rounds: int) -> dict[str, Any]:
    """Measure one section; a failure is part of what was found."""
    print(f"{name} ...", flush=True)
    began = time.perf_counter()
    found: dict[str, Any] = {"date": now(), "rounds": rounds, "load_before": load()}
    try:
        # In a process of its own: what one section imports and fixes is not there in the next.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _prepare, (name,)) as alone:
            found["found"] = alone.submit(SECTIONS[name], rounds).result()
    except (Exception, SystemExit) as error:  # the others are measured all the same
        traceback.print_exc()
        found["failed"] = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
    took = round(time.perf_counter() - began)
    print(f"{name}: {took} s", flush=True)
    return {**found, "load_after": load(), "took": took, "machine": machine()}


def main() -> None:
    """Measure the sections, and write the file after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sections", nargs="+", choices=list(SECTIONS), default=USUAL, metavar="SECTION")
    parser.add_argument("--out", type=Path, default=MEASURED, help="default: benchmarks/measured.json")
    arguments = parser.parse_args()
    sections = json.loads(arguments.out.read_text(encoding="utf-8")) if arguments.out.exists() else {}
    for name in arguments.sections:
        sections[name] = measured(name, arguments.rounds)
        ordered = {known: sections[known] for known in SECTIONS if known in sections}
        write_text(arguments.out, json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")
    failed = [name for name in arguments.sections if "failed" in sections[name]]
    print(f"written to {arguments.out}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    raise SystemExit(bool(failed))


if __name__ == "__main__":
    main()

"""Training throughput, compared with the speed limit, the course's loop, PyTorch Lightning and fastai.

    python -m benchmarks.throughput

All train in one process in turns of a few steps, so that other work on the machine affects all of them alike. Turns are
timed with the wall clock; ratios are medians over the rounds of the ratio within one round.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from itertools import chain
from typing import Any

from benchmarks.measuring import ROOT
from seedwise.trainers.image_classifier.datasets.prepared import prepared_file

DATA = ROOT / "data"
STEPS = {"small_cnn": (8, 12, 64), "resnet18": (1, 5, 16)}
"""Steps per turn, number of rounds, and batch size, by model."""


class Stopped(Exception):  # noqa: N818 - not an error: it ends a training loop
    """Raised to end the training of a contestant."""


class Contestant(threading.Thread):
    """One way to train, in its own thread, which waits between its turns."""

    def __init__(self, train: Callable[[Callable[[], None]], None], threads: int) -> None:
        super().__init__(daemon=True)
        self._train, self._threads = train, threads
        self._go, self._done = threading.Semaphore(0), threading.Semaphore(0)
        self._left, self._stopped, self.error = 0, False, None

    def run(self) -> None:
        """Train until stopped."""
        import torch

        self._go.acquire()
        torch.set_num_threads(self._threads)  # the setting is per thread of the program
        try:
            self._train(self._tick)
        except Stopped:
            pass
        except BaseException as error:  # re-raised in `turn`
            self.error = error
        self._done.release()

    def turn(self, steps: int) -> tuple[float, float]:
        """Train for some steps; return wall-clock seconds and processor seconds."""
        self._left = steps
        began, processor = time.perf_counter(), time.process_time()
        self._go.release()
        self._done.acquire()
        if self.error is not None:
            raise self.error
        return time.perf_counter() - began, time.process_time() - processor

    def stop(self) -> None:
        """End the training."""
        self._stopped = True
        self._go.release()
        self.join(60)

    def _tick(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._done.release()
            self._go.acquire()
            if self._stopped:
                raise Stopped


def measure(cell: Any, barrier: Any = None, at_most: int | None = None) -> dict[str, list[tuple[float, float]]]:
    """Let all contestants train one cell in turns; return the seconds (wall clock, processor) of each turn."""
    from benchmarks.contestants import CONTESTANTS, missing

    steps, rounds, _ = STEPS[cell.model]
    rounds = min(rounds, at_most or rounds)
    contestants = {
        name: Contestant(lambda tick, train=train: train(cell, DATA, tick), cell.threads)
        for name, train in CONTESTANTS.items()
        if name not in missing()
    }
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    for contestant in contestants.values():
        contestant.start()
        contestant.turn(2)  # loads, builds, warms up
    for _ in range(rounds):
        for name, contestant in contestants.items():
            if barrier is not None:
                barrier.wait(120)  # so that all processes run the same contestant at the same time
            turns[name].append(contestant.turn(steps))
    for contestant in contestants.values():
        contestant.stop()
    return turns


def summary(cell: Any, measured: list[dict[str, list[tuple[float, float]]]]) -> dict[str, Any]:
    """Return images per second of each contestant, summed over processes, and ratios to the limit and to each peer."""
    from benchmarks.contestants import PEERS

    images = STEPS[cell.model][0] * cell.batch_size
    walls, processors = (
        {name: [[turn[clock] for turn in process[name]] for process in measured] for name in measured[0]}
        for clock in (0, 1)
    )
    speed = {name: sum(images / statistics.median(turns) for turns in walls[name]) for name in walls}

    def ratio(clock: dict[str, list[list[float]]], other: str) -> float:
        pairs = zip(chain(*clock[other]), chain(*clock["seedwise"]), strict=True)
        return statistics.median(theirs / ours for theirs, ours in pairs)

    return {
        **asdict(cell),
        "images_per_second": {name: round(value, 1) for name, value in speed.items()},
        "of_the_limit": round(ratio(walls, "limit"), 3),
        "of_the_limit_processor": round(ratio(processors, "limit"), 3),
        "times_a_peer": {name: round(ratio(walls, name), 2) for name in PEERS if name in walls},
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Format rows as a Markdown table."""
    names = list(rows[0]["images_per_second"])
    head = ["model, variant", "runs × threads", "precision", *names, "of the limit", "in processor time", "× best peer"]
    lines = ["| " + " | ".join(head) + " |", "| --- | --- | --- |" + " ---: |" * (len(head) - 3)]
    for row in rows:
        cells = [
            f"{row['model']}, {'augment' if row['augment'] else 'baseline'}",
            f"{row['side_by_side']} × {row['threads']}",
            row["precision"],
            *(f"{row['images_per_second'][name]:.0f}" for name in names),
            f"{row['of_the_limit']:.2f}",
            f"{row['of_the_limit_processor']:.2f}",
            f"{min(row['times_a_peer'].values()):.2f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cells(models: Sequence[str], precisions: Sequence[str], *, few: bool = False) -> list[Any]:
    """What is measured: alone on one and two threads, and two runs side by side; `few`: resnet18 only alone."""
    from benchmarks.contestants import Cell

    return [
        Cell(model, augment, precision, STEPS[model][2], threads, side_by_side)
        for precision in precisions
        for model in models
        for side_by_side, threads in ((1, 1), (1, 2), (2, 1))
        if not few or model == "small_cnn" or (side_by_side, threads) == (1, 1)
        for augment in (False, True)
    ]


def measure_all(chosen: Sequence[Any], rounds: int | None = None) -> dict[str, Any]:
    """Measure cells; those of the peers that are not installed are left out and named."""
    prepared_file(ROOT)
    from benchmarks.contestants import missing

    spawn = multiprocessing.get_context("spawn")  # a fork would not copy torch's threads
    rows = []
    with spawn.Manager() as manager, ProcessPoolExecutor(1, spawn) as one, ProcessPoolExecutor(1, spawn) as other:
        for cell in chosen:
            barrier = manager.Barrier(2) if cell.side_by_side == 2 else None
            jobs = [pool.submit(measure, cell, barrier, rounds) for pool in (one, other)[: cell.side_by_side]]
            rows.append(summary(cell, [job.result() for job in jobs]))
            print("  " + table(rows).splitlines()[-1], flush=True)
    return {"rows": rows, "missing": missing()}


def main() -> None:
    """Measure every cell; print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=list(STEPS), default=list(STEPS))
    parser.add_argument("--precisions", nargs="+", choices=["fp32", "bf16"], default=["fp32"])
    parser.add_argument("--rounds", type=int, help="turns of each contestant (default: 12 of small_cnn, 5 of resnet18)")
    arguments = parser.parse_args()
    print(table(measure_all(cells(arguments.models, arguments.precisions), arguments.rounds)["rows"]))


if __name__ == "__main__":
    main()

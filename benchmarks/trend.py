"""The trend check: ratios of processor seconds that must not grow. `make trend`; GitHub runs it, and only tells.

    python -m benchmarks.trend                        # compares with trend.json; exit status 1 where a ratio has grown
    python -m benchmarks.trend --store --repeats 10   # measures each ratio ten times, and stores it with its noise

Each ratio is of two measurements that take turns, ours and something that Seedwise does not change: the median of the
ratios of single turns, so that neither the machine's speed nor other work on it matters much. (The ratio of the fastest
turns scatters several times as much on a busy machine.) A ratio fails only if it is above its limit three times in a
row, as it nearly always is after a loss of a fifth. Limits are those of this model of processor. On a model of which
nothing is stored, they are wider, as its ratios may be others: only large losses are seen there.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.measuring import ROOT, load, now, run
from seedwise.basics.files import write_text
from seedwise.runs.cpu import cpu_model

TREND = ROOT / "benchmarks/trend.json"
GROWTH, GROWTH_ELSEWHERE = 1.12, 1.3
"""Above so many times the stored ratio it has grown; elsewhere: on a processor of which nothing is stored.

A busy machine can shift a ratio as a whole, which no number of turns evens out: that of the training step was 8 %
larger in one hour than in another, at a load of ten on two cores.
"""
LOSS = 1.2
"""A loss that must be seen."""
ATTEMPTS = 3
SMALL = ROOT / "tests/fashion_mnist_600_300.npz"
CHECKS = 10_000
"""So many checks are drawn from the turns that were measured, to count alarms."""
VARIANTS, SEEDS = 20, 10

Timed = Callable[[], float]


class Ratio(NamedTuple):
    """Two measurements in processor seconds, and how often they take turns."""

    ours: Timed
    floor: Timed
    turns: int

    def measure(self) -> list[float]:
        """Return the ratio of each turn."""
        return [self.ours() / self.floor() for _ in range(self.turns)]


def ratios(folder: Path) -> dict[str, Ratio]:
    """Prepare all ratios in a folder; return them by what they compare."""
    from benchmarks import program_overhead, scale

    program, many = folder / "program", folder / "many"
    program.mkdir()
    wrapped, bare = program_overhead.prepare_single_run(program)
    scale.make(many, VARIANTS, SEEDS)
    step, bare_step = training_steps()

    def command(words: Sequence[str], place: Path, times: int = 1) -> Timed:
        return lambda: sum(run(list(words), place).processor for _ in range(times))

    def python(line: str) -> list[str]:
        return [sys.executable, "-c", line]

    return {
        "a training step / a bare step": Ratio(step, bare_step, 30),
        "a run of 600 images / importing torch": Ratio(small_run, command(python("import torch"), ROOT), 5),
        "a run of a program / the program": Ratio(command(wrapped, program, 3), command(bare, program, 3), 8),
        f"planning {VARIANTS * SEEDS} finished runs / a bare Snakefile": Ratio(
            command(scale.ours("--cores", "2"), many / "ours"),
            command(scale.bare("--cores", "2"), many / "floor"),
            12,
        ),
        f"all that follows {VARIANTS * SEEDS} runs / importing what it needs": Ratio(
            lambda: scale.after_training("ours", many / "ours").processor,
            command(python("import pandas, scipy.stats, matplotlib.figure, jinja2, pydantic"), ROOT, 2),
            3,
        ),
    }


def training_steps() -> tuple[Timed, Timed]:
    """Return an epoch of Seedwise's loop, and as many steps of a bare loop on ready batches, on one thread."""
    import torch
    from torch.nn.functional import cross_entropy

    from seedwise.trainers.image_classifier.settings import (
        DatasetSettings,
        ModelSettings,
        RunSettings,
        TrainingSettings,
    )
    from seedwise.trainers.image_classifier.training.loop import train_epoch
    from seedwise.trainers.image_classifier.training.setup import set_up

    torch.set_num_threads(1)
    settings = RunSettings(
        dataset=DatasetSettings(),
        model=ModelSettings(),
        training=TrainingSettings(epochs=10**5, precision="fp32", device="cpu"),
    )
    made, other = set_up(settings, 0, SMALL), set_up(settings, 0, SMALL)
    epochs = iter(range(1, 10**5))
    size = settings.training.batch_size
    model, train = other.learner.model, other.parts.train
    whole = len(train.labels) // size * size
    pairs = zip(train.images[:whole].split(size), train.labels[:whole].split(size), strict=True)
    batches = [(other.learner.normalise(images), labels) for images, labels in pairs]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    model.train()

    def ours() -> float:
        began = time.process_time()
        train_epoch(made.learner, made.parts.train, streams=made.streams, epoch=next(epochs))
        return time.process_time() - began

    def bare() -> float:
        began = time.process_time()
        for images, labels in batches:
            loss = cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return time.process_time() - began

    return ours, bare


def small_run() -> float:
    """Train on 600 images, untracked, in a process of its own."""
    from benchmarks.tracking_cost import OFF, command_of

    with tempfile.TemporaryDirectory() as scratch:
        return run(command_of(Path(scratch), SMALL, 1, OFF), Path(scratch)).processor


def grown(measure: Timed, limit: float, say: Callable[[float], object] = lambda _: None) -> bool:
    """Whether a ratio is above its limit each of `ATTEMPTS` times; it is measured again only while it is."""
    for _ in range(ATTEMPTS):
        found = measure()
        say(found)
        if found <= limit:
            return False
    return True


def check(stored: Mapping[str, Any]) -> list[str]:
    """Measure all ratios; return the names of those that have grown."""
    known = stored["processors"].get(cpu_model())
    growth = GROWTH if known else GROWTH_ELSEWHERE
    if not known:
        print(f"{cpu_model()}: nothing is stored for it, so only a growth by {growth:.2f} counts")
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for name, ratio in ratios(Path(folder)).items():
            values = [of["ratios"][name]["ratio"] for of in stored["processors"].values() if name in of["ratios"]]
            if not values:
                print(f"{name}: {statistics.median(ratio.measure()):.3f}; nothing is stored to compare it with")
                continue
            before = known["ratios"][name]["ratio"] if known and name in known["ratios"] else max(values)
            limit = growth * before

            def say(found: float, name: str = name, before: float = before, limit: float = limit) -> None:
                print(f"{name}: {found:.3f}, stored {before:.3f}, limit {limit:.3f}", flush=True)

            if grown(lambda ratio=ratio: statistics.median(ratio.measure()), limit, say):  # type: ignore[misc]
                failed.append(name)
    return failed


def store(repeats: int) -> Iterator[dict[str, Any]]:
    """Measure all ratios many times; yield after each time what is to be stored, so that nothing is lost."""
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        prepared = ratios(Path(folder))
        found: dict[str, list[list[float]]] = {name: [] for name in prepared}
        for number in range(repeats):
            for name, ratio in prepared.items():
                found[name].append(ratio.measure())
            print(f"{number + 1}:", ", ".join(f"{statistics.median(of[-1]):.3f}" for of in found.values()), flush=True)
            yield {
                "date": now(),
                "load": [before[0], load()[0]],
                "repeats": number + 1,
                "checks": CHECKS,
                "ratios": {name: described(of) for name, of in found.items()},
            }


def described(repeats: Sequence[Sequence[float]]) -> dict[str, Any]:
    """The median of a ratio, its noise, how often the check would fail without and with a loss, and every turn."""
    turns = [ratio for repeat in repeats for ratio in repeat]
    median = statistics.median(turns)
    medians = drawn(turns, len(repeats[0]))
    return {
        "ratio": round(median, 4),
        "noise": round(statistics.stdev(medians) / median, 4),
        "of_repeats": [round(statistics.median(repeat), 4) for repeat in repeats],
        "false_alarms": alarms(medians, GROWTH * median),
        "losses_seen": alarms([LOSS * value for value in medians], GROWTH * median),
        "turns": [round(value, 4) for value in turns],
    }


def drawn(turns: Sequence[float], size: int) -> list[float]:
    """Draw the measurements of many checks from the turns of all repeats."""
    draw = random.Random(0)
    return [statistics.median(draw.choices(turns, k=size)) for _ in range(CHECKS * ATTEMPTS)]


def alarms(measured: Sequence[float], limit: float) -> int:
    """In how many checks of `ATTEMPTS` measurements each the ratio counts as grown."""
    values = iter(measured)
    checks = zip(*[values] * ATTEMPTS, strict=True)
    return sum(grown(iter(check).__next__, limit) for check in checks)


def main() -> None:
    """Check, or store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", action="store_true", help="store what is measured, for this model of processor")
    parser.add_argument("--repeats", type=int, default=10, help="how often --store measures each ratio (default: 10)")
    parser.add_argument("--out", type=Path, default=TREND, help="where --store stores (default: benchmarks/trend.json)")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    stored = json.loads(TREND.read_text(encoding="utf-8")) if TREND.exists() else {"processors": {}}
    if arguments.store:
        for found in store(arguments.repeats):
            stored["processors"][cpu_model()] = found
            write_text(arguments.out, json.dumps(stored, indent=1, ensure_ascii=False) + "\n")
        return
    if failed := check(stored):
        sys.exit(
            "More processor time than before, three times in a row:\n"
            + "".join(f"  {name}\n" for name in failed)
            + "If that is the price of something that is worth it, store it: python -m benchmarks.trend --store"
        )


if __name__ == "__main__":
    main()

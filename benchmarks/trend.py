"""The trend check: does this code take clearly more processor time than an earlier commit's? `make trend`, and in CI.

    python -m benchmarks.trend                       # against the newest commit that is a day older than this one
    python -m benchmarks.trend --base main           # against another; exit status 1 where something takes longer
    python -m benchmarks.trend --store --repeats 5   # how sure it is: this code against itself, with a loss and without

Both do the same work in turns, each with its own code in processes of its own, so that the ratio without a change is 1,
however fast or busy the machine is. What counts is the median of the ratios of the turns, and only if it is above the
limit three times in a row.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.measuring import ROOT, load, now, run
from seedwise.basics.files import write_text
from seedwise.runs.cpu import cpu_model

TREND = ROOT / "benchmarks/trend.json"
LIMIT = 1.1
"""So many times the earlier processor time is clearly more."""
LOSS = 1.2
"""A loss that must be seen; it is planted to measure how often it is."""
ATTEMPTS = 3
CHECKS = 10_000
"""So many checks are drawn from the turns that were measured, to count alarms."""
EPOCHS = 50
VARIANTS, SEEDS = 20, 10
PLANTED = f"""\
import atexit, os, time

def lose():
    until = {LOSS} * time.process_time()
    while time.process_time() < until:
        pass

def lose_and_exit(status, exit=os._exit):
    lose()
    exit(status)

atexit.register(lose)
os._exit = lose_and_exit
"""
"""A sitecustomize.py with which every process takes so much longer."""

RUN = """
import json, sys
from pathlib import Path
from benchmarks.tracking_cost import OFF, command_of
data = Path("tests/fashion_mnist_600_300.npz")
print(json.dumps(command_of(Path(sys.argv[1]), data, int(sys.argv[2]), OFF)))
"""
PROGRAM = """
import json, sys
from pathlib import Path
from benchmarks import program_overhead
print(json.dumps(program_overhead.prepare_single_run(Path(sys.argv[1]))[0]))
"""
STUDY = """
import json, sys
from pathlib import Path
from benchmarks import scale
folder = Path(sys.argv[1])
scale.make_project("ours", folder, int(sys.argv[2]), int(sys.argv[3]))
scale.make_runs(folder)
scale.believe("ours", folder)
print(json.dumps(scale.ours("--cores", "2")))
"""
"""Each prepares something in a folder with a commit's own code, and prints the command line that is to be timed."""

Timed = Callable[[], float]


class CannotMeasureError(Exception):
    """A commit's code cannot do what is to be timed, for example as it did not exist yet."""


class Code(NamedTuple):
    """Code to measure: its folder, what else is on the module path, and a folder for what it makes."""

    home: Path
    path: tuple[Path, ...]
    made: Path

    def run(self, command: Sequence[str], folder: Path) -> float:
        """Run a command with this code; return its processor seconds.

        Raises:
            CannotMeasureError: it failed.
        """
        return self._run(command, folder)[0]

    def prepared(self, script: str, name: str, *arguments: object) -> tuple[list[str], Path]:
        """Prepare something to time in a folder of this name, once; return the command line and the folder."""
        folder, said = self.made / name, self.made / f"{name}.json"
        if not said.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of an attempt that failed
            folder.mkdir(parents=True)
            words = [sys.executable, "-c", script, str(folder), *map(str, arguments)]
            said.write_text(self._run(words, self.home)[1].splitlines()[-1], encoding="utf-8")
        command: list[str] = json.loads(said.read_text(encoding="utf-8"))
        return command, folder

    def _run(self, command: Sequence[str], folder: Path) -> tuple[float, str]:
        path = os.pathsep.join(map(str, [*self.path, self.home]))
        try:
            done = run(list(command), folder, {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"})
        except SystemExit as error:
            raise CannotMeasureError(str(error).strip().splitlines()[-1]) from None
        return done.processor, done.printed


def training(code: Code) -> Timed:
    """Epochs of the default study's training, without the start and the end of the run."""
    many, one = code.prepared(RUN, "many", EPOCHS + 1), code.prepared(RUN, "one", 1)
    return lambda: code.run(*many) - code.run(*one)


def small_run(code: Code) -> Timed:
    """A run of 600 images, most of which is its start and its end."""
    command, folder = code.prepared(RUN, "one", 1)
    return lambda: code.run(command, folder)


def program(code: Code) -> Timed:
    """Three runs of a program that does nothing."""
    command, folder = code.prepared(PROGRAM, "program")
    return lambda: sum(code.run(command, folder) for _ in range(3))


def planning(code: Code) -> Timed:
    """The same command again, once all is made."""
    command, folder = code.prepared(STUDY, "study", VARIANTS, SEEDS)
    code.run(command, folder)
    return lambda: code.run(command, folder)


def report(code: Code) -> Timed:
    """All that follows the runs."""
    command, folder = code.prepared(STUDY, "study", VARIANTS, SEEDS)
    return lambda: code.run([*command, "--forcerun", "collect_runs"], folder)


MEASURED: dict[str, tuple[Callable[[Code], Timed], int]] = {
    f"training for {EPOCHS} epochs on 600 images": (training, 4),
    "a run of 600 images": (small_run, 5),
    "runs of a program that does nothing": (program, 9),
    f"planning {VARIANTS * SEEDS} finished runs": (planning, 7),
    f"all that follows {VARIANTS * SEEDS} runs": (report, 5),
}
"""What is measured, and in how many turns."""


def turns(ours: Timed, theirs: Timed, number: int) -> list[float]:
    """Return the ratio of each turn; the first of each two changes."""
    found = []
    for turn in range(number):
        if turn % 2:
            other, own = theirs(), ours()
        else:
            own, other = ours(), theirs()
        found.append(own / other)
    return found


def grown(measure: Timed, limit: float, say: Callable[[float], object] = lambda _: None) -> bool:
    """Whether a ratio is above its limit each of `ATTEMPTS` times; it is measured again only while it is."""
    for _ in range(ATTEMPTS):
        found = measure()
        say(found)
        if found <= limit:
            return False
    return True


def check(own: Code, earlier: Code) -> list[str]:
    """Measure everything; return what has grown."""
    failed = []
    for name, (prepare, number) in MEASURED.items():
        ours = prepare(own)
        ours()  # which also writes the byte code
        try:
            theirs = prepare(earlier)
            theirs()
        except CannotMeasureError as error:
            print(f"{name}: not compared, as the earlier code cannot be measured ({error})", flush=True)
            continue

        def say(found: float, name: str = name) -> None:
            print(f"{name}: {found:.3f} times the earlier processor time, limit {LIMIT}", flush=True)

        if grown(lambda: statistics.median(turns(ours, theirs, number)), LIMIT, say):  # noqa: B023 - called at once
            failed.append(name)
    return failed


def store(own: Code, same: Code, slower: Code, repeats: int) -> Iterator[dict[str, Any]]:
    """Measure the code against itself, with a planted loss and without; yield after each repeat what to store."""
    before = load()
    prepared = {name: [prepare(code) for code in (own, same, slower)] for name, (prepare, _) in MEASURED.items()}
    found: dict[str, dict[str, list[list[float]]]] = {name: {"same": [], "slower": []} for name in MEASURED}
    for ours, equal, lossy in prepared.values():
        turns(ours, equal, 1)
        turns(lossy, equal, 1)
    for number in range(repeats):
        for name, (ours, equal, lossy) in prepared.items():
            found[name]["same"].append(turns(ours, equal, MEASURED[name][1]))
            found[name]["slower"].append(turns(lossy, equal, MEASURED[name][1]))
            print(f"{number + 1}: {name}:", *(f"{statistics.median(of[-1]):.3f}" for of in found[name].values()))
        yield {
            "date": now(),
            "load": [before[0], load()[0]],
            "repeats": number + 1,
            "checks": CHECKS,
            "ratios": {name: described(of["same"], of["slower"]) for name, of in found.items()},
        }


def described(same: Sequence[Sequence[float]], slower: Sequence[Sequence[float]]) -> dict[str, Any]:
    """The ratios without and with a loss, their noise, how often the check would fail for each, and every turn."""
    flat = [[ratio for repeat in repeats for ratio in repeat] for repeats in (same, slower)]
    medians = [drawn(of, len(same[0])) for of in flat]
    return {
        "same": round(statistics.median(flat[0]), 4),
        "slower": round(statistics.median(flat[1]), 4),
        "noise": round(statistics.stdev(medians[0]), 4),
        "false_alarms": alarms(medians[0], LIMIT),
        "losses_seen": alarms(medians[1], LIMIT),
        "turns": [[round(value, 4) for value in of] for of in flat],
    }


def drawn(measured: Sequence[float], size: int) -> list[float]:
    """Draw the medians of many checks from the turns of all repeats."""
    draw = random.Random(0)
    return [statistics.median(draw.choices(measured, k=size)) for _ in range(CHECKS * ATTEMPTS)]


def alarms(measured: Sequence[float], limit: float) -> int:
    """In how many checks of `ATTEMPTS` measurements each the ratio counts as grown."""
    values = iter(measured)
    checks = zip(*[values] * ATTEMPTS, strict=True)
    return sum(grown(iter(check).__next__, limit) for check in checks)


def day_before() -> str | None:
    """Return the newest ancestor of this commit that is a day older; None if there is none here."""
    date = _git("show", "--no-patch", "--format=%ct", "HEAD").stdout.strip()
    if not date:
        return None
    found = _git("rev-list", "-1", f"--before={int(date) - 24 * 3600}", "HEAD")
    return found.stdout.strip() or None


def extracted(commit: str, folder: Path) -> Path | None:
    """Extract the files of a commit; None if this clone does not have it."""
    if _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}").returncode:
        return None
    folder.mkdir()
    archive, files = folder.with_suffix(".tar"), str(folder)
    subprocess.run(["git", "-C", str(ROOT), "archive", "--output", str(archive), commit], check=True)
    subprocess.run(["tar", "-xf", str(archive), "-C", files], check=True)
    return folder


def _git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)


def main() -> None:
    """Check, or store how sure the check is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", metavar="COMMIT", help="the earlier code; default: the newest that is a day older")
    parser.add_argument(
        "--store", action="store_true", help="measure this code against itself, for benchmarks/README.md"
    )
    parser.add_argument("--repeats", type=int, default=5, help="how often --store measures each ratio (default: 5)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        own = Code(ROOT, (), folder / "own")
        base = "HEAD" if arguments.store else arguments.base or day_before()
        home = extracted(base, folder / "base") if base else None
        if home is None and arguments.base and (base := day_before()):
            print(f"This clone has no {arguments.base}, so the commit of a day before takes its place.")
            home = extracted(base, folder / "base")
        if home is None or base is None:
            print("Nothing is compared: this clone has no commit that is a day older.")
            return
        earlier = Code(home, (), folder / "earlier")
        if arguments.store:
            (folder / "planted").mkdir()
            (folder / "planted/sitecustomize.py").write_text(PLANTED, encoding="utf-8")
            slower = Code(home, (folder / "planted",), folder / "slower")
            stored: dict[str, Mapping[str, Any]] = {}
            for stored[cpu_model()] in store(own, earlier, slower, arguments.repeats):
                write_text(TREND, json.dumps({"processors": stored}, indent=1, ensure_ascii=False) + "\n")
            return
        print(f"against commit {base}:", flush=True)
        if failed := check(own, earlier):
            sys.exit(f"More processor time than commit {base}, three times in a row: {'; '.join(failed)}")


if __name__ == "__main__":
    main()

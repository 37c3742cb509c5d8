"""How long a million rows take to read, and how much memory, in a new process for each.

    python -m benchmarks.table_reading

The tables: a row per step of 1 000 runs, a row per run, a row per answer of an evaluation with repeats, and a table of
runs with every cell in quotes. Seconds are from the file to one row per run (or answer), without the analysis and
Python's start; megabytes are the most that the process held.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROWS = 1_000_000
READ = """
import json, resource, sys, time
from seedwise.sources.answers import read_answers
from seedwise.sources.open import open_table
from seedwise.sources.options import Options
from seedwise.sources.runs import read_runs
path, example = sys.argv[1:]
options = Options(metrics=("acc",), example=example or None, repeat="repeat" if example else None)
began, spent = time.perf_counter(), time.process_time()
table = open_table(path, options)
rows = read_answers(table, options).answers if example else read_runs(table, options).runs
print(json.dumps({
    "seconds": time.perf_counter() - began,
    "processor": time.process_time() - spent,
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "left": len(rows),
}))
"""


def write_tables(folder: Path, rows: int) -> dict[str, tuple[Path, str]]:
    """Write the tables; return the path and the column of examples of each, by what it is called."""
    draw = random.Random(0)
    made: dict[str, tuple[Path, str]] = {}

    def write(
        name: str, header: str, lines: list[tuple[object, ...]], example: str = "", *, quoted: bool = False
    ) -> None:
        path = folder / f"{len(made)}.csv"
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
            writer.writerow(header.split(","))
            writer.writerows(lines)
        made[name] = (path, example)

    steps = rows // 1000
    scores = [round(draw.random(), 6) for _ in range(rows)]
    write(
        "a row per step of 1 000 runs",
        "variant,seed,epoch,step,loss,acc",
        [
            (f"v{i // steps % 10}", i // steps // 10, i % steps // 10, i % steps, score, score)
            for i, score in enumerate(scores)
        ],
    )
    runs = [(f"r{i}", "finished", f"v{i % 1000}", i // 1000, score, score) for i, score in enumerate(scores)]
    write("a row per run", "id,status,variant,seed,loss,acc", runs)
    write("a row per run, all cells in quotes", "id,status,variant,seed,loss,acc", runs, quoted=True)
    write(
        "a row per answer, 5 repeats",
        "variant,question,repeat,passage,lang,acc",
        [(f"m{i % 10}", i // 50, i // 10 % 5, i // 500, "en", score > 0.4) for i, score in enumerate(scores)],
        "question",
    )
    return made


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    arguments = parser.parse_args()
    print(f"| {arguments.rows:,} rows × 6 columns | seconds | of processor | MB | rows left |")
    print("| --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        for name, (path, example) in write_tables(Path(folder), arguments.rows).items():
            command = [sys.executable, "-c", READ, str(path), example]
            found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            cells = [f"{found['seconds']:.1f}", f"{found['processor']:.1f}", f"{found['megabytes']:.0f}"]
            print(f"| {name} | {' | '.join(cells)} | {found['left']:,} |", flush=True)


if __name__ == "__main__":
    main()

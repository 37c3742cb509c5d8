"""Writes benchmarks/README.md and gpu.md from what was measured: `python -m benchmarks.readme`.

Every figure in them comes from a JSON file beside this one: measured.json (`make bench`), trend.json, gpu.json,
tracking_cost.json and correlation.json. `make generate` does this too, and `make check` fails if they do not agree.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.gpu.report import tables as gpu_tables
from benchmarks.trend import LIMIT, LOSS

HERE = Path(__file__).resolve().parent
Figures = Mapping[str, Any]

HEAD = """\
# Benchmarks

Each benchmark compares Seedwise with the usual way to do the same thing, on the same data, in turns, on one machine.
This page and [gpu.md](gpu.md) are written by a script; every figure is in a JSON file beside them.

```sh
make bench                                   # measures speed, unattended: about 20 minutes on two quiet cores
python -m benchmarks.whole --sections scale  # or only some of it; python -m benchmarks.readme then writes this page
```

Processor seconds are those of all processes together: other work on the machine disturbs them least. Ratios are
medians of the ratios within a round. A load near the number of cores or above it means that seconds by the clock say
little.
"""

OTHERS = [
    (
        "python -m benchmarks.soak --hours 1.8 --cores 1",
        "hours of tiny runs with a live page open",
        "../docs/reliability.md",
    ),
    ("python -m benchmarks.calibrate", "how often each decision rule is wrong on real runs", "../docs/calibration.md"),
    ("python -m benchmarks.false_alarms", "how often warnings are false", "../docs/statistics.md"),
    ("python -m benchmarks.non_inferiority", "error rates and power of the one-sided test", "../docs/statistics.md"),
    ("python -m benchmarks.crossed_coverage", "intervals for new seeds and new examples", "../docs/statistics.md"),
    ("python -m benchmarks.cluster_coverage", "intervals for examples in clusters", "../docs/evaluations.md"),
    ("python -m benchmarks.ci_recipe", "what the recipe for CI catches and stops", "../docs/ci.md"),
    ("python -m benchmarks.table_reading", "seconds and memory of reading a million rows", "../docs/tables.md"),
    ("python -m benchmarks.statistics_speed", "seconds of each slower part of the statistics", "../docs/statistics.md"),
]


def readme(measured: Figures, trend: Figures, gpu: Figures, tracking: Figures, correlation: Figures) -> str:
    """Return README.md."""
    parts = [HEAD, _conditions(measured)]
    for title, name, make in SECTIONS:
        section = measured.get(name)
        parts.append(f"## {title}\n\n{_said(section, make)}")
    parts += [_tracking(tracking), _correlation(correlation), _gpu(gpu), _trend(trend), _others()]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts if part)


def gpu_page(gpu: Figures, lean: Figures) -> str:
    """Return gpu.md."""
    return (
        "# Measured on a GPU\n\nThe tables of [gpu.json](gpu.json); [README.md](README.md#on-a-gpu) says what "
        "they mean.\n\n" + gpu_tables(dict(gpu)).rstrip("\n") + "\n" + _lean(lean)
    )


def _lean(found: Figures) -> str:
    """Return what runs took before and after they no longer imported what they do not use."""
    if not found:
        return ""
    rows = [
        [run["at_once"], run["code"], run["seconds"], run["images_per_second"]]
        + [run["median_of_a_run"][part] for part in ("imports", "data", "train", "evaluate")]
        + [f"{run['busy_percent']} %"]
        for run in found["runs"]
    ]
    head = ["runs at once", "code", "seconds", "images/s", "imports", "data", "training", "evaluation", "card busy"]
    steps = ", ".join(
        f"{one['model']} {one['batch']} {one['precision']} {one['ratio']:.2f}" for one in found["fused_sgd"]
    )
    alike = "the same accuracies" if _same_accuracies(found["runs"]) else "accuracies that differ"
    return "\n".join(
        [
            "\n**Runs that import less, and the fused SGD: before and after, in turns**\n",
            _table(head, rows),
            f"\n{found['machine']}, {found['date']}; before is the code of commit {found['before']}. What it "
            "imported beside torch, its compiler, counts under data, where its first use was. Both reached "
            f"{alike} to the last digit. Images per second with the fused SGD, as a multiple of those "
            f"without: {steps}.\n",
        ]
    )


def _same_accuracies(runs: Sequence[Figures]) -> bool:
    seen: dict[int, set[tuple[float, ...]]] = {}
    for run in runs:
        seen.setdefault(run["at_once"], set()).add(tuple(run["accuracies"]))
    return all(len(found) == 1 for found in seen.values())


def _said(section: Figures | None, make: Callable[[Figures], str]) -> str:
    if section is None:
        return "Not measured yet."
    if "failed" in section:
        return f"Failed on {section['date']}: {section['failed']}"
    return make(section["found"])


def _conditions(measured: Figures) -> str:
    """Say on what, when and how busy each section was measured; machines that differ are all named."""
    if not measured:
        return ""
    by_machine: dict[str, list[str]] = {}
    for name, section in measured.items():
        before, after = section["load_before"][0], section["load_after"][0]
        rounds = _count(section["rounds"], "round")
        when = f"{name}: {section['date']}, load {before} to {after}, {section['took']} s, {rounds}"
        by_machine.setdefault(_machine(section["machine"]), []).append(when)
    return "\n".join(f"{machine}. Measured ({'; '.join(whens)})." for machine, whens in by_machine.items()) + "\n"


def _machine(machine: Figures) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    cores = f"{machine['processor']} with {machine['cores']} cores and {machine['memory_gib']} GiB"
    return f"{cores}, {machine['system']}, Python {machine['python']}, {packages}"


def _course(found: Figures) -> str:
    rounds = found["rounds"]
    rows = [
        [number, one["ours"]["seconds"], one["ours"]["processor"], one["theirs"]["seconds"], one["theirs"]["processor"]]
        for number, one in enumerate(rounds, 1)
    ]
    head = ["round", "Seedwise: seconds", "of processor", "script, one seed: seconds", "of processor"]
    times = {part: sum(one["ours"]["of_all_runs"][part] for one in rounds) for part in (*NAMES, "total")}
    shares = ", ".join(f"{_percent(times[part] / times['total'])} {what}" for part, what in NAMES.items())
    ours, theirs = found["accuracy"]["ours"], found["accuracy"]["theirs"]
    accuracy = "; ".join(f"{variant} {_fraction(ours[variant])} and {_fraction(theirs[variant])}" for variant in ours)
    goal = _goal(found["ratio"] >= 4, "at least 4")
    return "\n\n".join(
        [
            "Nine runs (3 variants × 3 seeds, 3 epochs on all training images): the whole `make study`, from its "
            "start to results.md, in turns with `course_style.py` (torchvision's dataset, PIL "
            "transforms, a "
            "DataLoader without workers, W&B, one run after another on 2 threads), of which each round has one seed.",
            _table(head, rows),
            f"**{found['ours_seconds']:.0f} s against {found['theirs_seconds']:.0f} s (three times a seed's): "
            f"{found['ratio']:.1f} times as fast** ({goal}). Mean test accuracy, ours and theirs: "
            f"{accuracy}. The time of our runs: {shares}. So their training alone takes about "
            f"{found['ours_seconds'] * times['train'] / times['total']:.0f} s here.",
        ]
    )


NAMES = {
    "train": "training",
    "data": "reading and splitting data",
    "evaluate": "evaluation",
    "imports": "imports",
    "tracking": "W&B",
}


def _runs(found: Figures) -> str:
    rows = [
        [name, one["processor"], *(one["parts"][part] for part in NAMES), one["beside_training"], one["megabytes"]]
        for name, one in found["runs"].items()
    ]
    head = ["a run of", "processor seconds", *NAMES.values(), "all but training", "MB"]
    beside = found["runs"]["default study"]["beside_training"]
    imports = ", ".join(f"{name} {seconds:.2f}" for name, seconds in found["imports"].items())
    return "\n\n".join(
        [
            "One run alone on one thread, tracked by W&B offline; parts by their share of the run's time. "
            "Goal: at most "
            f"3.5 s for all but training in a run of the default study ({_goal(beside <= 3.5)}).",
            _table(head, rows),
            f"What it costs to import things, in processor seconds of a new process: {imports}. In a study it is done "
            "once: runs on a CPU, and what makes the report, are forks of a process that has done it.",
        ]
    )


def _throughput(found: Figures) -> str:
    rows = found["rows"]
    names = [name for name in ORDER if any(name in row["images_per_second"] for row in rows)]
    lines = [
        [
            f"{row['model']}, {'augment' if row['augment'] else 'baseline'}",
            f"{row['side_by_side']} × {row['threads']}",
            *(f"{row['images_per_second'][name]:.0f}" if name in row["images_per_second"] else "–" for name in names),
            f"{row['of_the_limit']:.2f}",
            f"{row['of_the_limit_processor']:.2f}",
            f"{min(row['times_a_peer'].values()):.2f}",
        ]
        for row in rows
    ]
    head = ["model, variant", "runs × threads", *names, "of the limit", "in processor time", "× best peer"]
    low = [
        line[0] + ", " + line[1]
        for line, row in zip(lines, rows, strict=True)
        if row["of_the_limit_processor"] < _aim(row)
    ]
    missed = f" Below in processor time: {'; '.join(low)}." if low else " All cells meet it in processor time."
    left_out = f" Not installed here: {', '.join(found['missing'])}." if found["missing"] else ""
    return "\n\n".join(
        [
            "All train one model on one set of images with one batch size (64; 16 for resnet18), fp32, optimizer and "
            "augmentation, in one process, in turns of a few steps. The limit: forward, backward and step on "
            "ready batches "
            "in memory. The peers: the course's loop, Lightning's `Trainer` and fastai's `fit_one_cycle` with "
            "a DataLoader "
            f"without workers.{left_out}",
            _table(head, lines, left=2),
            f"Goal: 0.95 of the limit, 0.90 with augmentation.{missed} A ResNet-18 at 28 × 28 is bound by its "
            "convolutions, so "
            "that nobody is ahead there.",
        ]
    )


ORDER = ("limit", "seedwise", "course", "lightning", "fastai")


def _aim(row: Figures) -> float:
    return 0.9 if row["augment"] else 0.95


def _program(found: Figures) -> str:
    more = found["run_processor_seconds"] - found["bare_processor_seconds"]
    goal = _goal(found["ratio"] <= 1.3, "at most 1.3 times")
    each = (found["study_processor_seconds"] - found["bare_snakefile_processor_seconds"]) / found["runs"]
    return (
        f"A program that writes one number took {found['bare_processor_seconds']:.2f} s of processor alone and "
        f"{found['run_processor_seconds']:.2f} s as a run by itself, {more:.2f} s more, with "
        f"{found['wrapper_memory_mb']:.0f} MB beside it. {found['runs']:.0f} runs of it as a study, which are forks, "
        f"took {each:.2f} s each more than the same jobs of a bare Snakefile: {found['processor_ratio']:.1f} times "
        f"its processor seconds, and {found['ratio']:.1f} times as long ({goal}). **Seedwise is not fast here**: each "
        "run is a process of its own that digests the code and writes its files safely. A run of seconds does not "
        "notice it, a run of 30 ms does."
    )


def _scale(found: Figures) -> str:
    table = found["table"]
    after = table["after training"]
    above = after["ours"]["processor"] - after["floor"]["processor"]
    nine = table["after training of nine runs"]["ours"]["processor"]
    rows = [
        [
            name,
            *(f"{one['processor']} s, {one['megabytes']} MB" for one in (both["ours"], both["floor"])),
            both["ratio"],
        ]
        for name, both in table.items()
        if "floor" in both
    ]
    planning = [both["ratio"] for name, both in table.items() if "floor" in both and name != "after training"]
    pages = {name: found["bytes"][name] / 1e6 for name in ("page.html", "results.md")}
    goals = _goal(above - nine <= 15, "at most 15 s more than those nine"), _goal(max(planning) <= 1.2, "at most 1.2")
    return "\n\n".join(
        [
            f"{_thousands(found['runs'])} runs of a program that does nothing ({found['variants']} variants × "
            f"{found['seeds']} seeds), against a bare Snakefile of as many jobs, the floor. What is planned is "
            "a dry run.",
            _table(["processor seconds, memory", "ours", "floor", "ratio"], rows),
            f"Collecting, analysing, drawing and writing takes {above:.1f} s above the floor; a study of nine "
            "runs takes "
            f"{nine:.1f} s for it ({goals[0]}). Planning takes at most {max(planning):.2f} "
            "times the floor "
            f"({goals[1]}; {WHY_PLANNING[max(planning) < 1]}). page.html has {pages['page.html']:.1f} MB, results.md "
            f"{pages['results.md']:.2f} MB.",
        ]
    )


WHY_PLANNING = {
    False: "by the profile, what is above it: imports of Seedwise, digests of the code, a look into every record, and "
    "Snakemake's own work on the log, benchmark, parameters and conda environment that each run has",
    True: "ours does more and still takes less, because it plans and ends without Python's garbage collector, which "
    "the floor lets look through its jobs again and again",
}
"""Why planning takes more than the floor, or less."""


def _bootstrap(found: Figures) -> str:
    methods = [name for name in ("seedwise", "scipy", "arch", "course") if name in found["results"][0]["seconds"]]
    rest = ["differences", "analysis", "command"]
    rows = [
        [
            one["seeds"],
            "counts of 10 000" if one["on_lattice"] else "any numbers",
            *(f"{one['seconds'][name]:.3g}" for name in (*methods, *rest)),
        ]
        for one in found["results"]
    ]
    return "\n\n".join(
        [
            f"Processor seconds for the 95 % percentile intervals of {_thousands(found['variants'])} means on "
            "one thread, without "
            "sampling; the others draw 10 000 resamples. Then all differences from the first, the whole "
            "analysis, and `seedwise "
            "analyse` on such a CSV file. From eleven seeds on, numbers that are on no lattice need Fourier "
            "transforms of a "
            "fine grid.",
            _table(["seeds", "scores", *methods, *rest], rows, left=2),
        ]
    )


SECTIONS: list[tuple[str, str, Callable[[Figures], str]]] = [
    ("The default study against the course-style script", "course", _course),
    ("What a training run costs beside training", "runs", _runs),
    ("Images per second", "throughput", _throughput),
    ("What a run of your own program costs", "program", _program),
    ("Thousands of runs against a bare Snakefile", "scale", _scale),
    ("Ten thousand runs", "ten thousand", _scale),
    ("Bootstrap intervals of 1 000 variants", "bootstrap", _bootstrap),
]


def _tracking(found: Figures) -> str:
    names = {"wandb": "W&B offline", "mlflow": "MLflow with SQLite"}
    costs = [f"{names[tracker]} {of['processor']:.1f} s" for tracker, of in found["medians"].items()]
    when = f" on {found['date']}" if "date" in found else ""
    return (
        "## What tracking costs a run\n\nPairs of runs at the same time, one tracked and one not; a tracker costs "
        "processor time almost only when it is imported and started, the same for a short run and a long one. "
        "Medians of "
        f"{len(found['pairs']) // len(costs)} pairs{when}: {' and '.join(costs)} of processor "
        "(`python -m benchmarks.tracking_cost --data tests/fashion_mnist_600_300.npz --rounds 3`).\n"
    )


def _correlation(found: Figures) -> str:
    named, plain = found["named streams"], found["set_seed"]
    rows = [
        [
            variant,
            *(f"{named[variant][of]:.2f} / {plain[variant][of]:.2f}" for of in ("loss", "accuracy")),
            f"{named[variant]['paired_std_accuracy']:.3f} / {plain[variant]['paired_std_accuracy']:.3f}",
        ]
        for variant in named
    ]
    return (
        "## Randomness by name against plain `set_seed`\n\nCorrelation of a variant with the baseline at the "
        "same seed, named "
        f"streams / plain `set_seed`; {found['images']} images, {found['epochs']} epochs, {found['seeds']} "
        "seeds, so that each is uncertain by "
        "± 0.2 to 0.4 (`python benchmarks/correlation.py`).\n\n"
        + _table(["variant", "test loss", "accuracy", "std of the paired difference"], rows)
        + "\n"
    )


def _gpu(gpu: Figures) -> str:
    rows = gpu["sections"]["study"]["rows"]
    alone: dict[int, list[float]] = {}
    for row in rows:
        if row["at_once"] == 1:
            alone[row.get("run", 1)] = [run["seconds"] for run in row["runs"] if "failed" not in run]
    nine = [
        row["seconds"] / statistics.median(alone[row.get("run", 1)])
        for row in rows
        if row["at_once"] == 9 and row["complete"] and alone.get(row.get("run", 1))
    ]
    busy = [row["gpu"]["busy_percent"] for row in rows if row["at_once"] == 9 and row["gpu"].get("busy_percent")]
    loops = [
        row["times_the_reference"]["seedwise"]
        for name in ("small_cnn", "resnet18")
        for row in gpu["sections"].get(name, {}).get("rows", [])
        if "seedwise" in row.get("times_the_reference", {}) and row["reference"] == "bare loop"
    ]
    card, date = gpu["machine"].get("gpu", "no GPU"), gpu["machine"]["date"][:10]
    goal = _goal(max(nine) <= 2, "at most 2")
    return f"""\
## On a GPU

```sh
benchmarks/gpu.sh gpu.json --data DIR     # at most 8 minutes on one card; it needs Python and torch, and no internet
benchmarks/gpu.sh try.json --device cpu   # tries the script out where there is no GPU; its figures mean nothing
```

{card}, {date}; all tables: [gpu.md](gpu.md). Nine runs that share the card took {_span(nine)} times as long as one
alone ({goal}) and kept it {_span(busy, 0)} % busy, so set `gpu_slots` ([how](../docs/resources.md)). Seedwise's loop
reaches {_span(loops)} of a bare loop. A step of a small model takes Python's time, not the card's: a step captured as a
CUDA graph and all seeds of a variant as one batched model are much faster, and are prototypes. Eager figures scatter by
up to half between rounds. Since then, runs import less: the end of gpu.md has them before and after.
"""


def _trend(trend: Figures) -> str:
    if not trend:
        return ""
    text = (
        "## The trend check\n\n`make trend` does the same work with this code and with that of an earlier commit, in "
        "turns, and fails where the median of the ratios of processor seconds is above "
        f"{LIMIT} three times in a row. CI runs it. As both run on the same machine at the same time, the ratio is 1 "
        f"without a change. Measured with the code against itself, and with a loss of {100 * (LOSS - 1):.0f} % planted "
        "in every process; how often a check would fail is counted in checks drawn from the measured turns."
    )
    for processor, stored in trend["processors"].items():
        rows = [
            [
                name,
                f"{one['same']:.3f}",
                f"{100 * one['noise']:.1f} %",
                f"{100 * one['false_alarms'] / stored['checks']:.2f} %",
                f"{one['slower']:.3f}",
                f"{100 * one['losses_seen'] / stored['checks']:.2f} %",
                len(one["turns"][0]),
            ]
            for name, one in stored["ratios"].items()
        ]
        head = ["processor seconds of", "ratio", "noise", "false alarms", "with the loss", "seen", "turns"]
        text += f" {processor}, {stored['date']}, load {stored['load'][0]} to {stored['load'][1]}:\n\n"
        text += _table(head, rows) + "\n"
    return text


def _others() -> str:
    rows = [[f"`{command}`", what, f"[{Path(page).name}]({page})"] for command, what, page in OTHERS]
    return "## Other benchmarks\n\n" + _table(["command", "measures", "found"], rows, left=3) + "\n"


def _goal(met: bool, goal: str = "") -> str:
    said = f"goal: {goal}, " if goal else ""
    return f"{said}{'met' if met else '**missed**'}"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1) -> str:
    rule = ["---"] * left + ["---:"] * (len(head) - left)
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [head, rule, *rows])


def _span(values: Sequence[float], digits: int = 2) -> str:
    low, high = (f"{value:.{digits}f}" for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _thousands(value: int) -> str:
    return f"{value:,}".replace(",", " ")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _fraction(value: float) -> str:
    return f"{value:.4f}".removeprefix("0")


def pages() -> dict[Path, str]:
    """Return the text of each page, by its file."""
    names = ("measured", "trend", "gpu", "tracking_cost", "correlation", "gpu_lean_runs")
    files = [HERE / f"{name}.json" for name in names]
    found = [json.loads(file.read_text(encoding="utf-8")) if file.exists() else {} for file in files]
    return {HERE / "README.md": readme(*found[:5]), HERE / "gpu.md": gpu_page(found[2], found[5])}


def main() -> None:
    """Write the pages."""
    for file, text in pages().items():
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

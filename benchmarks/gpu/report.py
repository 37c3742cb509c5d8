"""The tables of benchmarks/gpu.md, made from the JSON of the GPU benchmark."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any


def tables(figures: dict[str, Any]) -> str:
    """Return all results as Markdown; a section that failed or was left out says so."""
    sections = figures["sections"]
    parts = [_machine(figures)]
    makers = {
        "study": _study,
        "start_up": _start_up,
        "small_cnn": _throughput,
        "resnet18": _throughput,
        "cifar": _throughput,
        "batched": _batched,
        "copying": _throughput,
        "core": _core,
    }
    for name, make in makers.items():
        if name not in sections:
            continue
        section = sections[name]
        made = make(section) if section.get("rows") else ""
        parts.append("\n\n".join(part for part in (f"**{TITLES[name]}**", made, _state(section)) if part))
    return "\n\n".join(parts)


TITLES = {
    "study": "The default study on one card",
    "start_up": "What a process costs before it trains",
    "small_cnn": "Images per second: small_cnn, 28 × 28 × 1",
    "resnet18": "Images per second: ResNet-18, 28 × 28 × 1",
    "cifar": "Images per second: ResNet-18, 32 × 32 × 3, made-up images",
    "batched": "All seeds of a variant as one batched model (an experiment)",
    "copying": "Data on the card, or copied batch by batch: small_cnn",
    "core": "Checks of what only a GPU runs",
}


def _machine(figures: dict[str, Any]) -> str:
    later = [_one_machine(run) for run in figures.get("later_runs", [])]
    if not later:
        return _one_machine(figures)
    numbered = [f"- Run {number}: {text}" for number, text in enumerate([_one_machine(figures), *later], 1)]
    return (
        "The second run measured what the first had no time for. A ratio is always of figures of one run; "
        "what a later run measured has its number.\n\n" + "\n".join(numbered)
    )


def _one_machine(figures: dict[str, Any]) -> str:
    machine = figures["machine"]
    card = machine.get("gpu", "no GPU: only a trial of the script, whose figures mean nothing")
    driver = f", driver {machine['driver']}" if "driver" in machine else ""
    load = " ".join(f"{value:.1f}" for value in machine["load"])
    return (
        f"{card}{driver}, torch {machine['torch']}, Python {machine['python']}, {machine['cpu']} with "
        f"{machine['cores']} cores, load before {load}, {machine['date'][:10]}. Data: {figures['data']}. "
        f"{figures.get('total_seconds', 0):.0f} s in all."
    )


def _state(section: dict[str, Any]) -> str:
    """Return what a reader must know about a section: that it failed, was cut off, or left something out."""
    lines = []
    if section["status"] != "done":
        lines.append(f"{section['status'].capitalize()}: {_last_line(section.get('error', ''))}")
    lines += [_headline(note) for note in section.get("notes", [])]
    return "\n".join(f"- {line}" for line in lines)


def _headline(note: str) -> str:
    """Return the first line of a note and, of a traceback, the error."""
    return note if "\n" not in note else f"{note.splitlines()[0]} {_last_line(note)}"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no message"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1) -> str:
    rule = "| " + " | ".join(["---"] * left + ["---:"] * (len(head) - left)) + " |"
    lines = ["| " + " | ".join(head) + " |", rule]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _study(section: dict[str, Any]) -> str:
    head = [
        "runs at once",
        "seconds",
        "× one run",
        "images/s",
        "imports",
        "data",
        "training",
        "evaluation",
        "card busy",
    ]
    ones = _alone(section["rows"])
    later = any("run" in row for row in section["rows"])
    rows = []
    for row in sorted(section["rows"], key=lambda row: (row.get("run", 1), row["at_once"])):
        one, trained = ones.get(row.get("run", 1)), len([run for run in row["runs"] if "failed" not in run])
        whole = trained == 9 or (row["complete"] and row["at_once"] > 1)
        seconds = f"{row['seconds']:.1f}" if whole else f"{trained} runs: {row['seconds']:.1f}"
        median = row["median_of_a_run"]
        busy = row["gpu"].get("busy_percent")
        rows.append(
            [
                *([row.get("run", 1)] if later else []),
                row["at_once"],
                seconds,
                f"{row['seconds'] / one:.2f}" if whole and one else "–",
                _thousands(row["images_per_second"]),
                *(_number(median.get(part), 2) for part in ("imports", "data", "train", "evaluate")),
                "–" if busy is None else f"{busy} %",
            ]
        )
    lines = [_table([*(["measured in run"] if later else []), *head], rows, left=0)]
    if ones:
        alone = ", ".join(f"{one:.1f} s" + (f" (run {run})" if later else "") for run, one in ones.items())
        lines.append(
            f"The nine runs of the study, of {section['epochs']} epochs (the study has "
            f"{section['epochs_of_the_study']}). One run alone took {alone}, the median of those trained one after "
            "another. The columns from imports on are the median seconds of a run."
        )
    if accuracies := _accuracies(section["rows"]):
        lines.append(accuracies)
    return "\n\n".join(lines)


def _alone(rows: Sequence[dict[str, Any]]) -> dict[int, float]:
    """Return the median seconds of one training run alone, by run of the benchmark."""
    found = {}
    for row in rows:
        done = [run["seconds"] for run in row["runs"] if "failed" not in run]
        if row["at_once"] == 1 and done:
            found[row.get("run", 1)] = statistics.median(done)
    return found


def _accuracies(rows: Sequence[dict[str, Any]]) -> str:
    """Return the mean test accuracy of each variant over all runs of an arrangement."""
    done = next((row for row in rows if row["complete"] and row["at_once"] > 1), rows[0])
    found: dict[str, list[float]] = {}
    for run in done["runs"]:
        accuracy = run.get("metrics", {}).get("test_accuracy")
        if accuracy is not None:
            found.setdefault(run["variant"], []).append(accuracy)
    if not found:
        return ""
    means = ", ".join(f"{variant} {_fraction(statistics.mean(values))}" for variant, values in found.items())
    return f"Mean test accuracy: {means}."


def _start_up(section: dict[str, Any]) -> str:
    rows = [
        [
            f"{row['at_once']}{', the first on this machine' if row['first'] else ''}{_run(row)}",
            f"{row['seconds']:.1f}",
            f"{row['import_torch']:.1f}",
            f"{row['cuda_context']:.2f}",
        ]
        for row in section["rows"]
    ]
    return _table(["processes at once", "seconds", "import of torch", "CUDA context"], rows)


def _throughput(section: dict[str, Any]) -> str:
    """Return one column per cell and one line per contestant, so that the names have room."""
    rows = section["rows"]
    names = list(dict.fromkeys(name for row in rows for name in row.get("images_per_second", {})))
    head = ["images/s (× the reference)", *(_cell(row) for row in rows)]
    lines = [[name, *(_speed(row, name) for row in rows)] for name in names]
    reference = next((row["reference"] for row in rows if "reference" in row), "none")
    return (
        _table(head, lines) + f"\n\nReference: {reference}. Medians of {_rounds(rows)} rounds in which all took turns."
    )


def _cell(row: dict[str, Any]) -> str:
    parts = [f"batch {row['batch']}"]
    if "models" in row:
        parts.insert(0, f"{row['models']} models")
    if "precision" in row:
        parts.append(row["precision"])
    if row.get("compiled"):
        parts.append("compiled")
    if "run" in row:
        parts.append(f"run {row['run']}")
    return ", ".join(parts)


def _speed(row: dict[str, Any], name: str) -> str:
    speed = row.get("images_per_second", {}).get(name)
    if speed is None:
        return row.get("failed", {}).get(name, "–")
    return f"{_thousands(speed)} ({row['times_the_reference'][name]:.2f})"


def _rounds(rows: Sequence[dict[str, Any]]) -> str:
    counts = sorted({row["rounds"] for row in rows if "rounds" in row})
    return " to ".join(str(count) for count in (counts if len(counts) < 2 else (counts[0], counts[-1]))) or "no"


def _batched(section: dict[str, Any]) -> str:
    lines = [_throughput(section)]
    if "gradients" in section:
        differences = ", ".join(f"{way} {value:.0e}" for way, value in section["gradients"].items())
        lines.append(
            f"Gradients differ from those of the models by themselves by (relative norm, fp32): {differences}."
        )
    rows = []
    for way, found in section.get("study", {}).items():
        for arm in found["arms"]:
            pairs = [(arm["test_accuracy"][seed], arm["alone"].get(seed)) for seed in arm["test_accuracy"]]
            rows.append(
                [
                    f"{way}{', captured' if arm['captured'] else ''}",
                    arm["variant"],
                    _number(arm["set_up_seconds"], 1),
                    _number(arm["train_seconds"], 1),
                    _thousands(arm["images_per_second"]),
                    " ".join(_fraction(one) for one, _ in pairs),
                    " ".join(_fraction(alone) for _, alone in pairs),
                ]
            )
    if rows:
        head = ["as one model", "variant", "set-up, s", "training, s", "images/s", "test accuracy by seed", "run alone"]
        lines.append(_table(head, rows, left=2))
        wholes = ", ".join(f"{way} {found['seconds']:.1f} s" for way, found in section["study"].items())
        of = f" (run {section['study_run']})" if "study_run" in section else ""
        lines.append(f"The whole study in one process, without its start{of}: {wholes}.")
    return "\n\n".join(lines)


def _core(section: dict[str, Any]) -> str:
    rows = [
        [
            f"{row['check']}{_run(row)}",
            f"failed: {_last_line(row['failed'])}" if "failed" in row else row.get("status", "done"),
            _number(row.get("seconds"), 1),
            ", ".join(
                f"{key.replace('_', ' ')}: {row[key]}"
                for key in ("interrupted", "resumed", "same_bit_for_bit", "runs_that_waited")
                if key in row
            )
            or "–",
        ]
        for row in section["rows"]
    ]
    lines = [_table(["check", "result", "seconds", "found"], rows, left=2)]
    lines += [f"{key}: {value}." for key, value in section.items() if key.endswith("bit for bit")]
    if section.get("synchronisations"):
        counts = ", ".join(f"{name} {count}" for name, count in section["synchronisations"].items())
        lines.append(f"Waits for the card in 40 steps: {counts}.")
    return "\n\n".join(lines)


def _run(row: dict[str, Any]) -> str:
    """Return which run of the benchmark a row is of, unless it is the first."""
    return f", run {row['run']}" if "run" in row else ""


def _thousands(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ")


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _fraction(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}".removeprefix("0")

"""What one GPU gives, in one script of at most 8 minutes.

    benchmarks/gpu.sh gpu.json --data DIR           (or: python -m benchmarks.gpu --out gpu.json --data DIR)
    python -m benchmarks.gpu --device cpu --out try.json      tries every path without a GPU; its figures mean nothing
    python -m benchmarks.gpu --table gpu.json                 prints the tables
    ... --into gpu.json --sections core=70 study=110          measures what gpu.json lacks, and adds it to it

DIR has the four files of Fashion-MNIST, packed or not; without it, all trains on made-up images of that shape. Each
section is a process of its own with its share of the time, and what it measured is written after each result.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.gpu.plan import ROOT, Plan, made_up, real
from benchmarks.gpu.report import tables
from seedwise.basics.files import write_text
from seedwise.runs.cpu import cpu_model
from seedwise.runs.hardware import available_cores

SHARES = {
    "start_up": 35,
    "study": 195,
    "small_cnn": 75,
    "batched": 50,
    "core": 50,
    "resnet18": 45,
    "copying": 15,
    "cifar": 30,
}
"""The sections in their order, and their shares of the time; what one leaves goes to those after it."""


def chosen(words: list[str]) -> dict[str, float]:
    """Return sections with their shares from NAME or NAME=SHARE."""
    found: dict[str, float] = {}
    for word in words:
        name, _, share = word.partition("=")
        if name not in SHARES:
            raise argparse.ArgumentTypeError(f"no such section: {name} (sections: {', '.join(SHARES)})")
        found[name] = float(share or SHARES[name])
    return found


def merged(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """Add what a later run of the benchmark measured; its rows say which run they are of, as machines may differ."""
    run = len(earlier.get("later_runs", [])) + 2
    about = {key: later[key] for key in ("machine", "data", "total_seconds") if key in later}
    sections = dict(earlier["sections"])
    for name, new in later["sections"].items():
        old = sections.get(name, {})
        if old and new["status"] == "skipped":
            continue
        rows = [{**row, "run": run} for row in new.get("rows", [])]
        again = {row["check"] for row in rows if "check" in row}
        kept = [row for row in old.get("rows", []) if row.get("check") not in again]
        sections[name] = {**old, **new, "rows": kept + rows, "seconds": old.get("seconds", 0) + new["seconds"]}
        if "study" in new:
            sections[name]["study_run"] = run
        if new["status"] == "done":
            sections[name].pop("error", None)
    return {**earlier, "later_runs": [*earlier.get("later_runs", []), about], "sections": sections}


GRACE = 3.0
"""Seconds after its end in which a section may still finish what it is doing."""


def machine(device: str) -> dict[str, Any]:
    """Describe the machine."""
    found: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": cpu_model(),
        "cores": available_cores(),
        "load": [round(value, 2) for value in os.getloadavg()],
        "kernel": platform.release(),
        "python": platform.python_version(),
    }
    for package in ("torch", "torchvision", "triton", "numpy", "pytorch-lightning", "pydantic"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    if device == "cuda":
        for key, query in {
            "gpu": "name",
            "driver": "driver_version",
            "gpu_memory": "memory.total",
            "gpu_clock": "clocks.max.sm",
            "gpu_used_before": "utilization.gpu,memory.used",
        }.items():
            try:
                found[key] = subprocess.run(
                    ["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader"],
                    capture_output=True,
                    text=True,
                    timeout=20,
                    check=True,
                ).stdout.strip()
            except (OSError, subprocess.SubprocessError) as error:
                found[key] = f"not known: {error}"
    return found


def measure(name: str, seconds: float, plan: Path, out: Path) -> dict[str, Any]:
    """Run a section; return its results, its status, and the end of what it printed if it failed."""
    out.unlink(missing_ok=True)
    command = [sys.executable, "-u", "-m", "benchmarks.gpu.sections", name]
    command += ["--plan", str(plan), "--out", str(out), "--seconds", str(seconds)]
    log = out.with_suffix(".log")
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    began = time.monotonic()
    with log.open("w") as stream:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path},
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(timeout=seconds + GRACE)
            status = "done" if process.returncode == 0 else "failed"
        except subprocess.TimeoutExpired:
            status = "cut off"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what it started, too
            process.wait()
    printed = log.read_text(errors="replace")
    print(printed, end="", flush=True)
    found = json.loads(out.read_text()) if out.exists() else {}
    found |= {"status": status, "seconds": round(time.monotonic() - began, 1)}
    if status != "done":
        found["error"] = printed[-6000:]
    return found


def main() -> None:
    """Measure section after section, and write the results after each."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="JSON file for the measurements")
    parser.add_argument("--data", type=Path, help="folder with the files of Fashion-MNIST; default: made-up images")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--seconds", type=float, default=475, help="time for everything (default: 475)")
    parser.add_argument("--epochs", type=int, help="epochs of each run of the study (default: 3, on a CPU 1)")
    parser.add_argument("--sections", nargs="+", default=list(SHARES), metavar="NAME[=SHARE]", help=", ".join(SHARES))
    parser.add_argument("--into", type=Path, metavar="JSON", help="measure only what this file lacks; --out has both")
    parser.add_argument("--table", type=Path, metavar="JSON", help="print the tables of such a file, and end")
    arguments = parser.parse_args()
    if arguments.table:
        print(tables(json.loads(arguments.table.read_text(encoding="utf-8"))))
        return
    if arguments.out is None:
        parser.error("name a file for the measurements: --out FILE.json")
    try:
        shares = chosen(arguments.sections)
    except (ValueError, argparse.ArgumentTypeError) as error:
        parser.error(f"--sections: {error}")
    began = time.monotonic()
    earlier = json.loads(arguments.into.read_text(encoding="utf-8")) if arguments.into else None
    quick = arguments.device == "cpu"
    with tempfile.TemporaryDirectory(prefix="seedwise-gpu-") as folder:
        scratch = Path(folder)
        figures: dict[str, Any] = {
            "machine": machine(arguments.device),
            "device": arguments.device,
            "quick": quick,
            "data": "made up",
            "sections": {},
        }
        data = None
        if arguments.data:
            try:
                data = real(arguments.data.resolve(), scratch, lambda line: print(line, flush=True))
                figures["data"] = "Fashion-MNIST"
            except Exception as error:
                figures["data"] = f"made up, because Fashion-MNIST could not be read: {error}"
        if data is None:
            data = made_up(scratch / "made-up.npz", *((640, 200) if quick else (60_000, 10_000)), 1, 28)
        epochs = arguments.epochs or (1 if quick else 3)
        before = arguments.into.resolve() if arguments.into else None
        plan = Plan(arguments.device, data, scratch, epochs, quick, before)
        plan.write(scratch / "plan.json")
        figures["epochs"] = plan.epochs
        print(json.dumps(figures, indent=1), flush=True)
        for number, name in enumerate(shares):
            left = arguments.seconds - (time.monotonic() - began) - GRACE
            later = sum(list(shares.values())[number:])
            share = left * shares[name] / later
            print(f"== {name}: {share:.0f} of {left:.0f} s", flush=True)
            if share < 5:
                figures["sections"][name] = {"status": "skipped", "error": f"only {share:.0f} s left", "seconds": 0}
            else:
                figures["sections"][name] = measure(name, share, scratch / "plan.json", scratch / f"{name}.json")
            figures["total_seconds"] = round(time.monotonic() - began, 1)
            whole = merged(earlier, figures) if earlier else figures
            write_text(arguments.out, json.dumps(whole, indent=1) + "\n")
    print(tables(whole))


if __name__ == "__main__":
    main()

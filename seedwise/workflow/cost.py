"""What a study will cost: from a run that was measured to all of them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import NamedTuple

from seedwise.basics.words import quantity
from seedwise.config.study import Study
from seedwise.progress.words import duration
from seedwise.runs.hardware import available_cores, gpus
from seedwise.runs.record import RecordError, read_record
from seedwise.workflow import at_once as filling
from seedwise.workflow.needs import gpus_of, threads_of

MEASURED = "measured.json"
"""File in results/<study>/.try/ with what the last trial measured."""
_FULL = 0.9
"""Share of memory or disk above which a study is warned of."""


class Measured(NamedTuple):
    """What one run took.

    Attributes:
        seconds: of time.
        memory: bytes at the peak; None if unknown.
        written: bytes that it left; None if unknown.
        runs: how many runs this is the median of; 0 for a trial.
    """

    seconds: float
    memory: int | None = None
    written: int | None = None
    runs: int = 0

    def to_json(self) -> str:
        """Write it as JSON."""
        return json.dumps(self._asdict(), indent=1) + "\n"


def measured(study: Study) -> Measured | None:
    """Return what a run of a study takes: from the records of its runs, else from the last trial; None without both."""
    seconds = []
    for run in study.runs():
        with suppress(RecordError):
            record = read_record(study.record_path(run.variant, run.seed))
            if record.status == "finished":
                seconds.append(record.timing.total)
    if seconds:
        return Measured(median(seconds), runs=len(seconds))
    with suppress(OSError, ValueError, TypeError):
        found = Measured(**json.loads((study.folder() / ".try" / MEASURED).read_bytes()))
        return found if found.seconds > 0 else None
    return None


def cost_of(study: Study, run: Measured, cores: int | None) -> Iterator[str]:
    """Say what all runs of a study will take.

    Args:
        study: the study.
        run: what one run takes.
        cores: that the study may use; None are all of this machine, filled as `seedwise run` does.
    """
    count = len(study.runs())
    there = available_cores()
    filled = cores is None and filling.shares_cores(study)
    cores = cores or there
    per_run = {max(1, threads_of(study, variant.name)) for variant in study.variants}
    at_once = max(1, min(count, filling.at_once(count, cores) if filled else cores // max(per_run)))
    limits = quantity(cores, "core")
    if any(gpus_of(study.resources, "train_run", study.trainer.device(study.settings(v.name))) for v in study.variants):
        slots = study.resources.train_run.gpu_slots
        at_once = max(1, min(at_once, len(gpus()) * slots))
        limits += f" and {quantity(len(gpus()), 'GPU')}"
    rounds = filling.rounds(count, at_once, max(cores, at_once) if not filled else cores)
    total = f"{quantity(count, 'run')} of about {time_of(run.seconds)}: {time_of(count * run.seconds)}"
    disk = "" if run.written is None else f"; {size(count * run.written)} on disk"
    if at_once == 1:
        yield f"{total}, one after another on {limits}{disk}"
    else:
        yield f"{total} of computing, about {time_of(rounds * run.seconds)} on {limits} ({at_once} at a time){disk}"
    if run.written is not None:
        free = shutil.disk_usage(Path.cwd()).free
        if count * run.written > _FULL * free:
            yield f"Caution: only {size(free)} are free on this disk"
    memory = _memory()
    if run.memory and memory and cores <= there and at_once * run.memory > _FULL * memory:
        fits = max(1, int(_FULL * memory / run.memory))
        yield (
            f"Caution: {at_once} runs at a time need {size(at_once * run.memory)} of memory, and this machine has "
            f"{size(memory)}: use --cores {fits * max(per_run)}"
        )


def size(count: float) -> str:
    """Write a number of bytes: `240 MB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 9.95 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def time_of(seconds: float) -> str:
    """Write a duration: `0.32 s`, `4 min`."""
    return f"{seconds:.2g} s" if seconds < 9.5 else duration(seconds)


def _memory() -> int | None:
    with suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None

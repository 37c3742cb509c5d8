"""The lines about jobs that failed: one block per distinct failure, however many seeds it hit."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from seedwise.basics.errors import no_room
from seedwise.config.study import Run
from seedwise.progress.states import ENDED_STATES, RunState
from seedwise.progress.words import seed_ranges
from seedwise.runs.attempt import ENDED
from seedwise.trainers.command.failure import NOT_STARTED, TAIL, last_lines, last_words

_ERROR = "Error: "
MOST_LINES = 40
"""Length of the longest message that is shown in full."""
MOST = 8
"""Number of distinct failures that are shown in full."""
_HOLDS = 2  # seconds for which a disk is taken to be as full as it was
_NUMBER = re.compile(r"\d+")
_FOLDER = re.compile(r"^.*: (?=the disk is full )")
_KILLED = re.compile(r"killed by SIGKILL|out of memory|OutOfMemory|OUT_OF_ME", re.IGNORECASE)
_GPU = re.compile(
    r"(CUDA|HIP|MPS|GPU|cuBLAS)\b.*(out of memory|alloc)|torch(\.cuda)?\.OutOfMemoryError|RESOURCE_EXHAUSTED"
    r"|CUBLAS_STATUS_ALLOC_FAILED|out of memory (on|trying to allocate)",
    re.IGNORECASE,
)
_FIX = "Fix the cause, then run the same command again: it does what is missing, and what the fix concerns."
_LESS_MEMORY = "If it was memory: fewer runs at a time (--cores 1), or more memory (resources: train_run: mem_mb)."


_LESS_ON_GPU = "If it was memory of the GPU: a smaller batch, or {fewer}."
_SHARED = "fewer runs on one GPU (resources: train_run: gpu_slots, now {slots})"
_OWN = "one run on each GPU at a time (resources: train_run: gpu: 1)"
_ALONE = "a larger GPU, with nothing else on it"
_SOME = (
    "If it may succeed at another time: retries: 2 under {section}: in the study tries it again.",
    "If failing is a result of its variant: failures: count there makes it a lost run of the report.",
)


class Remedies(NamedTuple):
    """What a study says already, so that only what applies is advised.

    Attributes:
        section: of the program, `command` or `function`; empty for the image classifier.
        gpu: GPUs that each run holds; None if only the run knows.
        slots: runs that may share one GPU.
        retries: how often the study repeats a failed run.
        succeeded: variants of which a run has finished, so that another one may fail by chance.
    """

    section: str = ""
    gpu: int | None = None
    slots: int = 1
    retries: int = 0
    succeeded: frozenset[str] = frozenset()

    def on_gpu(self) -> str:
        """Return what to do where the memory of the GPU does not suffice."""
        if self.slots > 1:
            fewer = _SHARED.format(slots=self.slots)
        else:
            fewer = _OWN if self.section and not self.gpu else _ALONE
        return _LESS_ON_GPU.format(fewer=fewer)


NO_REMEDIES = Remedies()


class Other(NamedTuple):
    """A job beside the runs that failed: its rule, why it failed, and its log."""

    rule: str
    reason: str
    log: str | None


@dataclass
class Failed:
    """One distinct failure, with all runs that it hit.

    Attributes:
        first: the run that failed first.
        reason: of that run.
        log: of that run.
        seeds: that failed, by variant.
        skipped: seeds that were not started after it, by variant.
    """

    first: Run
    reason: str
    log: str | None
    seeds: dict[str, list[int]] = field(default_factory=dict)
    skipped: dict[str, list[int]] = field(default_factory=dict)


def is_skipped(state: RunState) -> bool:
    """Whether a run was not started because the first run of its variant had failed."""
    return (state.reason or "").startswith(NOT_STARTED)


def is_same(run: Run, reason: str, other: Run, its_reason: str) -> bool:
    """Whether two runs failed in the same way: runs of one variant may differ in numbers, such as seed and process.

    One disk that is full is under the folders of all variants.
    """
    reason, its_reason = (_FOLDER.sub("", text) for text in (reason, its_reason))
    if run.variant == other.variant:
        return _NUMBER.sub("#", reason) == _NUMBER.sub("#", its_reason)
    return reason == its_reason


def distinct(failed: Mapping[Run, RunState]) -> list[Failed]:
    """Group failed runs by their reason; a run that was refused after its canary belongs to the canary's failure."""
    found: list[Failed] = []
    of_variant: dict[str, Failed] = {}
    for run, state in sorted(failed.items(), key=lambda item: is_skipped(item[1])):
        if is_skipped(state) and run.variant in of_variant:
            of_variant[run.variant].skipped.setdefault(run.variant, []).append(run.seed)
            continue
        reason = state.reason or ENDED
        group = next((known for known in found if is_same(run, reason, known.first, known.reason)), None)
        if group is None:
            found.append(group := Failed(run, reason, state.log))
        group.seeds.setdefault(run.variant, []).append(run.seed)
        of_variant.setdefault(run.variant, group)
    return found


def blocks(
    failed: Mapping[Run, RunState], others: Iterable[Other], status: str, remedies: Remedies = NO_REMEDIES
) -> list[str]:
    """Return the lines about all failures: of each distinct one the runs, the reason, the log and the remedy.

    Args:
        failed: the runs that failed.
        others: the other jobs that failed.
        status: the command that lists every run.
        remedies: what the study says.
    """
    groups = distinct(failed)
    lines = [line for group in groups[:MOST] for line in _block(group, remedies)]
    if len(groups) > MOST:
        lines.append(f"and {len(groups) - MOST} other failures; `{status}` lists them")
    for other in others:
        lines += [f"FAILED  {other.rule}: {other.reason}", *_log(other.log)]
    if remedies.section and not remedies.retries and any(run.variant in remedies.succeeded for run in failed):
        lines += [line.format(section=remedies.section) for line in _SOME]
    if lines:
        lines.append(_FIX)
    return lines


def _block(group: Failed, remedies: Remedies) -> list[str]:
    lines = [f"FAILED  {_runs(group.seeds)}: {group.reason}", *_log(group.log)]
    if group.skipped:
        skipped = _runs(group.skipped)
        lines.append(f"  not started after that: {skipped} (`canary: false` in the study starts them anyway)")
    if _GPU.search(group.reason):
        lines.append(f"  {remedies.on_gpu()}")
    elif _KILLED.search(group.reason):
        lines.append(f"  {_LESS_MEMORY}")
    return lines


def _log(log: str | None) -> list[str]:
    return [f"  log: {log}"] if log else []  # not its last line, which may be the score of a run that was killed


def _runs(seeds: Mapping[str, Sequence[int]]) -> str:
    return "; ".join(f"{variant} {seed_ranges(own)}" for variant, own in seeds.items())


def explained(state: RunState, logs: Sequence[str]) -> RunState:
    """Return the state of a run whose job failed, with what the job's logs say where the run itself left no word."""
    reason, log = reason_of(logs) or (None, None)
    if state.state in ENDED_STATES:
        why: str | None = "its job failed after the run had ended"
    elif state.reason == ENDED:  # the last words of a run that was killed may be a score
        why = next(filter(None, map(_no_room, logs)), ENDED)
    else:
        why = state.reason or reason
    return state.model_copy(update={"reason": why, "log": state.log or log})


def was_interrupted(state: RunState, logs: Iterable[str], ending: bool = False) -> bool:
    """Whether a signal stopped a run whose job failed, perhaps while it imported and had left no mark yet.

    `ending` is whether Snakemake was interrupted and is stopping all jobs; a run may then have had no time for a word.
    """
    if state.state != "missing":
        return state.state == "interrupted"
    if ending:
        return True
    reason, _ = reason_of(logs) or ("", None)
    return reason == "KeyboardInterrupt"


def reason_of(logs: Iterable[str]) -> tuple[str, str] | None:
    """Return why a job failed, and the log that says so: our own message in full, or else the last words; or None.

    What is on a disk that is full was written before it was, and does not say so.
    """
    for log in logs:
        lines = last_lines(Path(log), 0, MOST_LINES, longest=TAIL)  # a remedy stands at the end of a message
        began = next((place for place in reversed(range(len(lines))) if lines[place].startswith(_ERROR)), None)
        if began is not None:
            return "\n".join(lines[began:]).removeprefix(_ERROR), log
        if full := _no_room(log):
            return full, log
        if lines:
            return last_words(Path(log), 0), log
    return None


def _no_room(log: str) -> str | None:
    """Return that the disk of a log is full, if it is."""
    return _asked(Path(log).parent, int(time.monotonic() / _HOLDS))


@functools.lru_cache(maxsize=8)
def _asked(folder: Path, _moment: int) -> str | None:
    """Ask a disk, which is written to for that, once in a moment: several questions are about one job that failed."""
    full = no_room(folder)
    return None if full is None else str(full)

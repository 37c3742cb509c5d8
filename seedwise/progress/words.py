"""Short phrases about progress: seeds as ranges, durations, counts of states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from seedwise.basics.words import quantity, ranges
from seedwise.progress.states import STATES, RunState


def seed_ranges(seeds: Iterable[int], at_most: int = 8) -> str:
    """Return seeds as ranges: `seed 3`, `seeds 0 to 4, 7, 9`; after `at_most` ranges the rest is only counted."""
    ordered = sorted(seeds)
    return f"seed{'s' if len(ordered) > 1 else ''} {ranges(ordered, at_most)}"


def seeds_by_variant(runs: Iterable[RunState]) -> dict[str, str]:
    """Return the seeds of each variant's runs, as ranges."""
    seeds: dict[str, list[int]] = {}
    for run in runs:
        seeds.setdefault(run.variant, []).append(run.seed)
    return {variant: seed_ranges(own) for variant, own in seeds.items()}


def duration(seconds: float) -> str:
    """Return a duration in at most two units: `8 s`, `2 min 5 s`, `3 h 20 min`, `2 d 4 h`."""
    whole = max(0, round(seconds))
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (left, "s")]
    first = next((index for index, (value, _) in enumerate(parts) if value), 3)
    return " ".join(f"{value} {unit}" for value, unit in parts[first : first + 2] if value or unit == parts[first][1])


def place(state: RunState) -> str:
    """Return where a running run is: `importing`, or as `progress` says."""
    return state.phase or progress(state.unit, state.step, state.steps)


def progress(unit: str, step: int | None, steps: int | None) -> str:
    """Return the step that a run is in, `epoch 2 of 3`; or else the last one that it logged, `step 500`."""
    if steps is not None:
        return f"{unit} {min((step or 0) + 1, steps)} of {steps}"
    return "running" if step is None else f"{unit} {step}"


def counts(states: Iterable[RunState]) -> str:
    """Count the runs in each state that occurs: `5 of 9 runs finished, 1 diverged, 2 running`."""
    found = Counter(run.state for run in states)
    others = [f"{found[state]} {state}" for state in STATES if state != "finished" and found[state]]
    return ", ".join([f"{found['finished']} of {quantity(found.total(), 'run')} finished", *others])

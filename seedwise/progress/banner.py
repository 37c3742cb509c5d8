"""The first lines of a command: which study, which runs are to do, and where the results will be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from seedwise.basics.words import quantity
from seedwise.config.study import Run
from seedwise.progress.words import seed_ranges

_BOLD = re.compile(r"^\*\*((?:(?!\*\*).)+)\*\*$", re.MULTILINE)
_MARKDOWN = re.compile(r"`|\\(.)|&NoBreak;")
NONE = "no run to do"


def banner(
    study: str, title: str, folder: Path, asked: Sequence[Run], to_do: Iterable[Run], *, elsewhere: bool = False
) -> list[str]:
    """Return three lines: the study, the runs to do, where the results will be.

    Args:
        study: its name.
        title: its title.
        folder: of its results.
        asked: the requested runs.
        to_do: those that have no result yet.
        elsewhere: whether the runs were recorded elsewhere.
    """
    count = len(set(to_do))
    there = len(asked) - count
    if not asked:
        runs = f"{NONE}: they were recorded elsewhere" if elsewhere else NONE
    elif not count:
        runs = f"{NONE}: {'all ' if there > 1 else ''}{quantity(there, 'run')} {_are(there)} there already"
    elif there:
        runs = f"{count} of {quantity(len(asked), 'run')} to do; {there} {_are(there)} there already"
    else:
        runs = f"{quantity(count, 'run')} to do: {_shape(asked)}"
    first = f"{study}: {title}" if title and title != study else study
    scores = "; no score is shown before all runs are in" if count else ""
    return [first, runs, f"results will be in {folder}{scores}"]


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _shape(runs: Sequence[Run]) -> str:
    seeds = Counter(run.variant for run in runs)
    if len(set(seeds.values())) == 1:
        return f"{quantity(len(seeds), 'variant')} × {quantity(next(iter(seeds.values())), 'seed')}"
    return quantity(len(seeds), "variant")


def plan(jobs: Mapping[str, int], runs: Iterable[Run]) -> list[str]:
    """Return what a dry run lists: each rule with its number of jobs, and the runs by variant.

    Args:
        jobs: number of jobs by rule, in their order.
        runs: that would be made.
    """
    seeds: dict[str, list[int]] = {}
    for run in runs:
        seeds.setdefault(run.variant, []).append(run.seed)
    wide = max(map(len, jobs), default=0)
    lines = ["would run:"]
    for rule, count in jobs.items():
        lines.append(f"  {rule:{wide}}  {count}")
        if rule == "train_run":
            lines += [f"    {variant}: {seed_ranges(own)}" for variant, own in seeds.items()]
    return [*lines, "Nothing was run (-n). With --verbose Snakemake gives its reasons."]


def finding(results: Path) -> str | None:
    """Return the headline of a report, results.md, without its Markdown; None if it has none."""
    try:
        text = results.read_text(encoding="utf-8")
    except OSError:
        return None
    found = _BOLD.search(text)
    return _MARKDOWN.sub(r"\1", found.group(1)) if found else None

"""How many runs to train at once, so that no core is idle before the last of them has ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seedwise.basics.calls import FILLED
from seedwise.basics.errors import UserError
from seedwise.config.reading import read_study
from seedwise.config.study import Study
from seedwise.runs.hardware import available_cores, expected_device
from seedwise.workflow.needs import threads_of


def with_number_of_cores(words: Sequence[str]) -> list[str]:
    """Return Snakemake's options with a number for `--cores filled`; the study is what `--configfile` names."""
    numbered = list(words)
    if FILLED in words:
        study = Path(words[words.index("--configfile") + 1])
        numbered[words.index(FILLED)] = str(cores_to_fill(study))
    return numbered


def cores_to_fill(study_file: Path) -> int:
    """Return the number of cores to give to Snakemake for the runs of a study that have no record yet.

    Where not all of them are started, or others are repeated, another number might be better; none is wrong.
    """
    cores = available_cores()
    try:
        study = read_study(study_file)
        if not shares_cores(study):
            return cores
    except UserError:  # which the workflow says
        return cores
    return at_once(sum(not study.record_path(run.variant, run.seed).exists() for run in study.runs()), cores)


def shares_cores(study: Study) -> bool:
    """Whether more runs than there are cores may train at once.

    Runs of the image classifier on one thread share the cores evenly. Other programs may have more threads or much
    memory, of which nothing is known: they get a core each.
    """
    if study.program or study.source:
        return False
    settings = {variant.name: study.settings(variant.name) for variant in study.variants}
    return all(
        threads_of(study, name) == 1 and expected_device(study.trainer.device(own)) == "cpu"
        for name, own in settings.items()
    )


def at_once(runs: int, cores: int) -> int:
    """Return how many equal runs to train at once on a number of cores, at most half as many again as there are cores.

    Nine runs on two cores take five rounds if two train at once, and the ninth has a core to itself while the other is
    idle. Three at once take half as long again in each round, of which there are three: as long as four and a half.
    """
    return min(range(cores, cores + cores // 2 + 1), key=lambda together: (rounds(runs, together, cores), together))


def rounds(runs: int, together: int, cores: int) -> float:
    """Return how long equal runs take, so many at once, in units of the time of a run that has a core to itself."""
    whole, rest = divmod(runs, together)
    return whole * max(1.0, together / cores) + (max(1.0, rest / cores) if rest else 0.0)

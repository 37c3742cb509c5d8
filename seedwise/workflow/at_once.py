"""How many runs to train at once, so that no core is idle before the last of them has ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seedwise.basics.errors import UserError
from seedwise.config.reading import read_study
from seedwise.runs.hardware import available_cores, expected_device
from seedwise.workflow.cost import threads_of


def with_number_of_cores(words: Sequence[str]) -> list[str]:
    """Return Snakemake's options with a number for `--cores all`; the study is what `--configfile` names."""
    filled = list(words)
    for place, word in enumerate(words[:-1]):
        if word == "--cores" and words[place + 1] == "all":
            filled[place + 1] = str(cores_to_fill(Path(words[words.index("--configfile") + 1])))
    return filled


def cores_to_fill(study_file: Path) -> int:
    """Return the number of cores to give to Snakemake.

    Runs of the image classifier have one thread, so that more of them than there are cores share these evenly. Other
    programs may have more threads or much memory, of which nothing is known: they get a core each.
    """
    cores = available_cores()
    try:
        study = read_study(study_file)
        if study.program or study.source:
            return cores
        for variant in study.variants:
            settings = study.settings(variant.name)
            if threads_of(study, variant.name) != 1 or expected_device(study.trainer.device(settings)) != "cpu":
                return cores
    except UserError:  # which the workflow says
        return cores
    return at_once(sum(not study.record_path(run.variant, run.seed).exists() for run in study.runs()), cores)


def at_once(runs: int, cores: int) -> int:
    """Return how many equal runs to train at once on a number of cores, at most half as many again as there are cores.

    Nine runs on two cores take five rounds if two train at once, and the ninth has a core to itself while the other is
    idle. Three at once take half as long again in each round, of which there are three: as long as four and a half.
    """

    def rounds(together: int) -> float:
        whole, rest = divmod(runs, together)
        return whole * max(1.0, together / cores) + (max(1.0, rest / cores) if rest else 0.0)

    return min(range(cores, cores + max(1, cores // 2) + 1), key=lambda together: (rounds(together), together))

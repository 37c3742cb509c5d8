"""The commands that messages tell users to give, in the form in which they called Seedwise."""

from __future__ import annotations

import os
import shlex

CALL = "SEEDWISE_CALL"
"""Environment variable: the study's file as given to `seedwise run`; unset where Snakemake was called directly."""
MAY_REPLACE = "SEEDWISE_REPLACE"
"""Environment variable: set by `seedwise run --replace`, so that finished runs are replaced without a question."""
EXPLORATORY = "SEEDWISE_EXPLORATORY"
"""Environment variable: set by `seedwise run --exploratory`, so that a changed study goes on without a question."""
AGAIN = "SEEDWISE_AGAIN"
"""Environment variable: set by `seedwise reproduce`, which does runs again that no report follows."""
FILLED = "filled"
"""What `seedwise run` gives for the number of cores where the user names none: as many as leave no core idle."""
OWN = ("status", "interim", "report", "open")
"""Targets that are also commands of `seedwise`."""


def is_called() -> bool:
    """Whether the workflow was started by a command of `seedwise`."""
    return CALL in os.environ


def is_again() -> bool:
    """Whether runs are done again, to compare their numbers and for no report."""
    return AGAIN in os.environ


def command_for(target: str) -> str:
    """Return the command that makes a target of the workflow: `seedwise status study.yaml`."""
    study = os.environ.get(CALL)
    if study is None:
        return f"snakemake --cores 1 {target}"
    given = shlex.quote(study)
    return f"seedwise {target} {given}" if target in OWN else f"seedwise run {given} {target}"

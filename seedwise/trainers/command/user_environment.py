"""The environment variables as the user has them, without what the workflow has added for its own scripts."""

from __future__ import annotations

import os

KEPT = "SEEDWISE_USER_"
"""Before a variable's name: its value as the user has it; empty where the user has none."""
OF_BASH = ("BASH_ENV", "BASHOPTS", "SHELLOPTS", "BASH_FUNC_python%%")
"""They set up a user's bash for each command, which may then find another `python`, or be in another folder."""
CHANGED = ("PATH", "PYTHONPATH", "PYDANTIC_DISABLE_PLUGINS", "XDG_CACHE_HOME", *OF_BASH)
"""Variables that the workflow changes for its scripts."""
OF_ANOTHER_RUN = (
    *("WANDB_SERVICE", "WANDB_RUN_ID", "WANDB_RESUME", "WANDB_SWEEP_ID", "WANDB_SWEEP_PARAM_PATH"),
    *("MLFLOW_RUN_ID", "COMET_EXPERIMENT_KEY", "NEPTUNE_CUSTOM_RUN_ID"),
    *("CLEARML_TASK_ID", "TRAINS_TASK_ID", "CLEARML_PROC_MASTER_ID", "TRAINS_PROC_MASTER_ID"),
)
"""What trackers tell the processes that a run of theirs starts: to write into that run, through its service, and, in a
sweep, to take the sweep's settings for their own."""


def user_environment() -> dict[str, str]:
    """Return the user's environment variables, and none of Seedwise's.

    Seedwise may have been started from a notebook that logs a run, or by the agent of a sweep: what a tracker has told
    that run is left out, because the runs of a study are runs of their own.
    """
    known = os.environ.items()
    variables = {
        name: value for name, value in known if not name.startswith("SEEDWISE_") and name not in OF_ANOTHER_RUN
    }
    for name in CHANGED:
        kept = os.environ.get(f"{KEPT}{name}")
        if kept:
            variables[name] = kept
        elif kept is not None:
            variables.pop(name, None)
    return variables

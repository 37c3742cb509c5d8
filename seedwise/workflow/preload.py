"""Which modules a fork server imports before its first fork."""

from __future__ import annotations

from collections.abc import Sequence

IMAGES, PROGRAMS = "seedwise.trainers.image_classifier", "seedwise.trainers.command"
IMPORTED_LATER = {
    "train_run": (f"{IMAGES}.datasets.prepared", f"{IMAGES}.training.run"),
    "run_program": (f"{PROGRAMS}.isolation", f"{PROGRAMS}.reading", f"{PROGRAMS}.outputs.json_files", "shutil"),
    "plot_figures": ("matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "matplotlib.font_manager"),
}
"""What scripts import in their functions. MLflow is not there: it starts threads, which would be missing in a fork."""
WANDB = "seedwise.tracking.preloaded_wandb"
IMPORTING_NUMPY = frozenset({"train_run", "analyse_study", WANDB})
"""Modules that import numpy, whose OpenBLAS starts all but one of its threads at once."""


def modules_of(run: str | None, *, examples: bool, wandb: bool) -> dict[str, Sequence[str]]:
    """Return the modules that the fork server of each script imports.

    Args:
        run: the script that makes a run, "train_run" or "run_program"; None if runs are no forks.
        examples: whether the report is about answers to examples.
        wandb: whether runs log to W&B.
    """
    rendering = ("render_evaluation",) if examples else ("plot_figures", "render_page", "render_report")
    report = ("collect_runs", "analyse_study", *rendering)
    modules: dict[str, Sequence[str]] = dict.fromkeys(report, (*report, *IMPORTED_LATER["plot_figures"]))
    if run:
        modules[run] = (run, *IMPORTED_LATER[run], *([WANDB] if wandb else []))
    return modules

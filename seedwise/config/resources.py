"""What the jobs of each rule may use: the defaults, and what a config says instead.

Resources decide where and when a job runs, never what it computes, so changing them retrains nothing. A run's CPU
threads are not among them but a setting, `training.threads`: with another number torch adds up in another order.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import Field

from seedwise.basics.sections import Section, Whole


class Limits(NamedTuple):
    """Memory in MB and time in minutes."""

    mem_mb: int
    runtime: int


DEFAULTS = {
    "fetch_data": Limits(2000, 60),
    "prepare_data": Limits(4000, 30),
    "train_run": Limits(4000, 120),
    "lr_range_test": Limits(4000, 30),
    "collect_runs": Limits(2000, 30),
    "analyse_study": Limits(2000, 30),
    "plot_figures": Limits(2000, 30),
    "render_report": Limits(2000, 30),
    "render_page": Limits(2000, 30),
}
"""What a job's first attempt may use unless the config says otherwise."""


class Needs(Section):
    """What a job of one rule may use; null is the workflow's default."""

    mem_mb: Annotated[Whole | None, Field(gt=0, le=10**9, description="Memory in MB of a job's first attempt.")] = None
    runtime: Annotated[Whole | None, Field(gt=0, le=5_256_000, description="Time limit in minutes, on a cluster.")] = (
        None
    )


class GpuNeeds(Needs):
    """What a job that trains may use."""

    gpu: Annotated[
        Whole | None, Field(ge=0, le=1, description="GPUs of a run; null is 1 if it trains on CUDA, else 0.")
    ] = None
    gpu_model: Annotated[
        str | None, Field(min_length=1, description="GPU model to request from a cluster.", examples=["a100"])
    ] = None
    gpu_slots: Annotated[Whole, Field(ge=1, le=1000, description="Runs that may share one GPU at a time.")] = 1


class RunNeeds(GpuNeeds):
    """What a run may use."""

    threads: Annotated[
        Whole | None,
        Field(
            ge=1,
            le=1024,
            description="CPU threads of a program, 1 by default; the image classifier has training.threads.",
        ),
    ] = None


class Resources(Section):
    """What the jobs of each rule may use, by rule."""

    fetch_data: Annotated[Needs, Field(description="Fetching the raw files.")] = Needs()
    prepare_data: Annotated[Needs, Field(description="Writing the prepared file.")] = Needs()
    train_run: Annotated[RunNeeds, Field(description="One run.", examples=[{"mem_mb": 8000}])] = RunNeeds()
    lr_range_test: Annotated[GpuNeeds, Field(description="A learning-rate range test.")] = GpuNeeds()
    collect_runs: Annotated[Needs, Field(description="Reading all run records.")] = Needs()
    analyse_study: Annotated[Needs, Field(description="Statistics.")] = Needs()
    plot_figures: Annotated[Needs, Field(description="Figures.")] = Needs()
    render_report: Annotated[Needs, Field(description="Writing results.md.")] = Needs()
    render_page: Annotated[Needs, Field(description="Writing page.html.")] = Needs()

    def limits(self, rule: str, attempt: int = 1) -> Limits:
        """Return memory and time of a job; its second attempt may use twice as much of both, its third three times."""
        declared, default = getattr(self, rule), DEFAULTS[rule]
        memory, minutes = declared.mem_mb or default.mem_mb, declared.runtime or default.runtime
        return Limits(memory * attempt, minutes * attempt)

"""A program's implementation of `seedwise.trainers.Trainer`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from types import MappingProxyType

from seedwise.plan import Plan
from seedwise.runs.metrics import Metric
from seedwise.runs.record import RunRecord
from seedwise.trainers.command.program_settings import LOGGED, ProgramSettings
from seedwise.trainers.command.settings import Command, Function


class ProgramTrainer:
    """Runs a user's own program; what it leaves is what the study says.

    Args:
        program: the section `command` or `function` of the study.
        plan: the declared plan, which names the metric that decides.
    """

    unit = "step"
    streams: Mapping[str, str] = MappingProxyType({})

    def __init__(self, program: Command | Function, plan: Plan) -> None:
        self.program = program
        self.metrics: tuple[Metric, ...] = (Metric(plan.metric, higher_is_better=plan.higher_is_better),)
        self.scored = _scored(program, plan)
        self.histories = program.history is not None
        self.beside: tuple[str, ...] = (
            *(("history.csv",) if program.history else ()),
            *(("scores.csv",) if program.scores else ()),
        )

    def curves(self, metric: str) -> tuple[str, ...]:
        """Return the history columns to plot for a metric: its own."""
        return (metric,)

    def steps(self, settings: ProgramSettings) -> int | None:  # noqa: ARG002
        """Return None: only the program knows."""
        return None

    def setup(self, settings: ProgramSettings, record: RunRecord) -> dict[str, str]:
        """Describe the command and its settings."""
        if isinstance(self.program, Function):
            lines = {"Function": self.program.call}
        else:
            run = self.program.run
            lines = {"Command": run if isinstance(run, str) else shlex.join(run)}
        if settings.settings:
            lines["Settings"] = ", ".join(f"{key} = {value}" for key, value in settings.settings.items())
        if record.provenance.environment:
            lines["Environment"] = record.provenance.environment
        return lines

    def threads(self, settings: ProgramSettings) -> int:  # noqa: ARG002
        """Return 1: the study's resources may say more."""
        return 1

    def device(self, settings: ProgramSettings) -> str:  # noqa: ARG002
        """Return auto: a program gets a GPU where there is one, unless the study's resources say otherwise."""
        return "auto"


def _scored(program: Command | Function, plan: Plan) -> str | None:
    """Return the metric that is the mean of a run's scores: the one that the study says, or the one that decides."""
    scores = program.scores
    if scores is None:
        return None
    return plan.metric if scores == LOGGED or scores.metric is None else scores.metric

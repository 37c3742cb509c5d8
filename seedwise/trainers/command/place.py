"""Where and how the runs of a program take place: what a job needs to know and no number depends on."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from seedwise.trainers.command.outputs.settings import History
from seedwise.trainers.command.settings import Resume


class Environment(BaseModel):
    """How the interpreter of a program is reached.

    Attributes:
        variables: that differ from those of this process; None removes one.
        prefix: words before the command.
        digest: of the packages or the lock file.
        words: the environment in words.
        versions: of the interpreter and of the packages that matter.
        editable: folders outside the environment from which its Python imports.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    variables: dict[str, str | None] = Field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    digest: str = ""
    words: str | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    editable: tuple[str, ...] = ()


class VariantPlace(BaseModel):
    """What the runs of a variant, or of all variants, use.

    Attributes:
        folder: absolute path of the working folder.
        original: the same for a program that is neither a revision nor a copy.
        environment: of the program.
        commit: the commit of a revision; None where the folder is used as it is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str
    original: str
    environment: Environment = Environment()
    commit: str | None = None


class ProgramPlace(BaseModel):
    """Where and how the runs of a study take place.

    Attributes:
        metric: that decides.
        higher_is_better: its direction.
        common: what the runs of all variants use.
        of_variant: what the runs of some variants use instead.
        history: where the metrics by step are.
        link: data, which copies of the program link to.
        code: patterns of the files of the program; None for all its sources.
        without: files and folders, relative to the program's, that are neither code nor watched.
        time_limit: seconds after which a run is stopped.
        failures: `stop` or `count`, as in the study.
        resume: how an interrupted run goes on.
        wandb_mode: value of WANDB_MODE; None leaves it as the user has it.
        retries: how often a failed run is repeated before it has failed for good.
        first_seed: the seed of each variant's canary; None without canaries.
        started: when the current command was started, in seconds since 1970.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str
    higher_is_better: bool
    common: VariantPlace
    of_variant: dict[str, VariantPlace] = Field(default_factory=dict)
    history: History | None = None
    link: tuple[str, ...] = ()
    code: tuple[str, ...] | None = None
    data: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    time_limit: float | None = None
    failures: Literal["stop", "count"] = "stop"
    resume: Resume | None = None
    wandb_mode: str | None = "offline"
    retries: int = 0
    first_seed: int | None = None
    started: float = 0.0

    def of(self, variant: str) -> VariantPlace:
        """Return what the runs of a variant use."""
        return self.of_variant.get(variant, self.common)

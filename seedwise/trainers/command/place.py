"""Where and how the runs of a program take place: what a job needs to know and no number depends on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from seedwise.basics.errors import UserError
from seedwise.trainers.command.program_settings import PlainSource


@dataclass(frozen=True, kw_only=True)
class Environment:
    """How the interpreter of a program is reached.

    Attributes:
        variables: that differ from those of this process; None removes one.
        prefix: words before the command.
        digest: of the packages or the lock file.
        words: the environment in words.
        versions: of the interpreter and of the packages that matter.
        editable: folders outside the environment from which its Python imports.
    """

    variables: Mapping[str, str | None] = field(default_factory=dict)
    prefix: Sequence[str] = ()
    digest: str = ""
    words: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    editable: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class VariantPlace:
    """What the runs of a variant, or of all variants, use.

    Attributes:
        folder: absolute path of the working folder.
        original: the same for a program that is neither a revision nor a copy.
        environment: of the program.
        commit: the commit of a revision; None where the folder is used as it is.
    """

    folder: str
    original: str
    environment: Environment = Environment()
    commit: str | None = None


@dataclass(frozen=True, kw_only=True)
class ProgramPlace:
    """Where and how the runs of a study take place.

    Attributes:
        metric: that decides.
        higher_is_better: its direction.
        common: what the runs of all variants use.
        of_variant: what the runs of some variants use instead.
        history: where the metrics by step are.
        reads: files outside the run's folder that numbers are read from, as paths with placeholders.
        link: data, which copies of the program link to.
        code: patterns of the files of the program; None for its sources.
        without: files and folders, relative to the program's, that are neither code nor watched.
        time_limit: seconds after which a run is stopped.
        failures: `stop` or `count`, as in the study.
        checkpoint: what an interrupted run goes on from, as a path with placeholders; None if it starts again.
        checkpoint_args: arguments to add then.
        wandb_mode: value of WANDB_MODE; None leaves it as the user has it.
        retries: how often a failed run is repeated before it has failed for good.
        first_seed: the seed of each variant's canary; None without canaries.
        started: when the current command was started, in seconds since 1970.
        mirrored: whether trackers mirror the runs.
    """

    metric: str
    higher_is_better: bool
    common: VariantPlace
    of_variant: Mapping[str, VariantPlace] = field(default_factory=dict)
    history: PlainSource | None = None
    reads: Sequence[str] = ()
    link: Sequence[str] = ()
    code: Sequence[str] | None = None
    data: Sequence[str] = ()
    without: Sequence[str] = ()
    time_limit: float | None = None
    failures: Literal["stop", "count"] = "stop"
    checkpoint: str | None = None
    checkpoint_args: str = ""
    wandb_mode: str | None = "offline"
    retries: int = 0
    first_seed: int | None = None
    started: float = 0.0
    mirrored: bool = False

    def of(self, variant: str) -> VariantPlace:
        """Return what the runs of a variant use."""
        return self.of_variant.get(variant, self.common)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """Return the place that was written as JSON; raises TypeError or KeyError if it was not."""
        places = {name: _variant_place(place) for name, place in found["of_variant"].items()}
        return cls(**{**found, "common": _variant_place(found["common"]), "of_variant": places})


def _variant_place(found: Mapping[str, Any]) -> VariantPlace:
    return VariantPlace(**{**found, "environment": Environment(**found["environment"])})


def read_place(context: Path) -> ProgramPlace:
    """Read the place from the context of a study, results/<study>/.context.json.

    Raises:
        UserError: it cannot be read, or the study runs no program.
    """
    try:
        found = json.loads(context.read_bytes())["program"]
        place = None if found is None else ProgramPlace.from_json(found)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise unreadable(context) from error
    if place is None:
        raise UserError(f"{context}: it is the context of a study that runs no program of its own")
    return place


def read_uncommitted(context: Path, variant: str) -> list[str] | None:
    """Read from the context of a study which files of a variant the git commit does not contain, if that is known."""
    found = json.loads(context.read_bytes()).get("uncommitted")
    return None if found is None else found.get(variant, [])


def unreadable(context: Path) -> UserError:
    """Return the error that a file is not the context of a study."""
    return UserError(f"{context}: not the context of a study; the next snakemake command writes it again")

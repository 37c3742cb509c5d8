"""A study: which variants are run, with which seeds, how they are compared, and where the results go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from seedwise.basics.errors import UserError
from seedwise.basics.names import located, not_known, problem
from seedwise.basics.sections import Name, Section, Visible, Whole
from seedwise.config.checks import cross_problems, with_trainers_defaults, without_mirrors
from seedwise.config.evaluations import NO_SEEDS, is_evaluation
from seedwise.config.factors import cells
from seedwise.config.overrides import OverridesField, is_program, mark_overrides
from seedwise.config.resources import Resources
from seedwise.plan import Plan
from seedwise.sources.settings import RunsSettings
from seedwise.tracking.settings import TrackingSettings, WandbSettings
from seedwise.trainers import RunSettings as AnySettings
from seedwise.trainers import Trainer
from seedwise.trainers.command.environments import EnvironmentSettings
from seedwise.trainers.command.program_settings import ProgramSettings
from seedwise.trainers.command.settings import Command, Function, FunctionField, Program, SettingValue
from seedwise.trainers.command.settings import resolve as resolve_program
from seedwise.trainers.command.trainer import ProgramTrainer
from seedwise.trainers.image_classifier.settings import (
    STREAMS,
    DatasetSettings,
    ModelSettings,
    RunSettings,
    TrainingSettings,
)
from seedwise.trainers.image_classifier.trainer import ImageClassifier

__all__ = [
    "DatasetSettings",
    "ModelSettings",
    "Run",
    "RunSettings",
    "Study",
    "TrackingSettings",
    "TrainingSettings",
    "Variant",
    "WandbSettings",
]

DRAFT_METRIC = "my_metric"
"""Stands for the name of the metric in a draft, until the user writes it."""
MOST_SEEDS = 1000
"""How many seeds a number may stand for: a larger one is more likely to be meant as a single seed."""


def _seeds(given: object) -> object:
    """Read `seeds: 5` as the seeds 0 to 4."""
    if not isinstance(given, int) or isinstance(given, bool):
        return given
    if not 1 <= given <= MOST_SEEDS:
        raise problem(
            f"found {given}; need a list of seeds, for example [0, 1, 2], or how many there are, from 1 to {MOST_SEEDS}"
        )
    return tuple(range(given))


def _or_a_number(schema: dict[str, Any]) -> None:
    """Add to the JSON schema of the list of seeds that a number may stand for it."""
    listed = {key: schema.pop(key) for key in ("type", "items", "minItems")} | {"uniqueItems": True}
    schema["anyOf"] = [listed, {"type": "integer", "minimum": 1, "maximum": MOST_SEEDS}]


def default_choice(key: str) -> Any:
    """Return the default of a key that `Study.declared_choices` may have."""
    section, _, name = key.partition(".")
    fields = (RunsSettings if section == "runs" else Program).model_fields
    found = next((field for own, field in fields.items() if name == (field.alias or own)), None)
    return found.get_default(call_default_factory=True) if found else None


Levels = Annotated[dict[str, SettingValue], OverridesField()]


class Variant(Section):
    """One variant: the study's settings with some of them replaced."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "baseline"}]})

    name: Annotated[Name, Field(description="Name of the variant and of its folder.", examples=["baseline"])]
    label: Annotated[Visible, Field(description="Name in tables and figures; by default `name`.")] = Field(
        default_factory=lambda data: str(data["name"])
    )
    overrides: Annotated[
        dict[str, SettingValue],
        OverridesField(),
        Field(
            alias="set",
            description="Replaced settings: dotted paths into dataset, model and training, or a program's settings.",
            examples=[{"model.dropout": 0.2}],
        ),
    ] = Field(default_factory=dict)
    revision: Annotated[
        str | None,
        Field(min_length=1, description="Git revision of the program that it runs; null: the folder as it is."),
    ] = None
    environment: Annotated[
        EnvironmentSettings | None, Field(description="Where its interpreter is, if not where the study says.")
    ] = None


class Run(NamedTuple):
    """One run: a variant and a seed."""

    variant: str
    seed: int


class Study(Section):
    """A whole config: variants × seeds, and how they are compared."""

    study: Annotated[Name, Field(description="Names the results: results/<study>/.", examples=["fashion-mnist"])]
    title: Annotated[
        Visible, Field(description="Heading of the report.", examples=["Ablation: dropout on Fashion-MNIST"])
    ]
    dataset: Annotated[DatasetSettings, Field(description="What is learned from.")] = DatasetSettings()
    model: Annotated[ModelSettings, Field(description="What is trained.")] = ModelSettings()
    training: Annotated[TrainingSettings, Field(description="How it is trained.")] = TrainingSettings()
    command: Annotated[
        Command | None,
        Field(
            description="Instead of dataset, model and training: a program of your own.",
            examples=[{"run": "python train.py --lr {lr} --seed {seed}", "settings": {"lr": 0.001}}],
        ),
    ] = None
    function: Annotated[
        FunctionField | None,
        Field(
            description="Instead of dataset, model and training: a Python function of your own.",
            examples=[{"call": "my_project.train:run", "settings": {"lr": 0.001}}],
        ),
    ] = None
    variants: Annotated[
        tuple[Variant, ...],
        Field(
            min_length=1,
            description="What is compared; names must be unique.",
            examples=[[{"name": "baseline"}, {"name": "dropout", "set": {"model.dropout": 0.2}}]],
        ),
    ]
    factors: Annotated[
        dict[str, dict[str, Levels]] | None,
        Field(
            description="Instead of variants: factors, their levels (the first is the reference), and what each sets.",
            examples=[{"dropout": {"none": {}, "light": {"model.dropout": 0.2}}}],
        ),
    ] = None
    design: Annotated[
        Literal["product", "add-one", "leave-one-out"],
        Field(description="Which combinations of the factors' levels become variants."),
    ] = "product"
    seeds: Annotated[
        tuple[Annotated[Whole, Field(ge=0, lt=2**63)], ...],
        Field(
            min_length=1,
            description="Every variant is run once with each of these seeds; 5 stands for [0, 1, 2, 3, 4]. An "
            "evaluation (`runs.sample: examples`) has none.",
            examples=[[0, 1, 2]],
            json_schema_extra=_or_a_number,
        ),
        BeforeValidator(_seeds),
    ]
    analysis: Annotated[
        Plan,
        Field(
            description="How the runs are compared, declared before there are any.", examples=[{"baseline": "baseline"}]
        ),
    ]
    tracking: Annotated[TrackingSettings, Field(description="Mirrors of the runs.")] = TrackingSettings()
    resources: Annotated[
        Resources,
        Field(
            description="Memory, time and GPUs of the jobs, by rule; changing them retrains nothing.",
            examples=[{"train_run": {"mem_mb": 8000, "runtime": 240}}],
        ),
    ] = Resources()
    source: Annotated[
        RunsSettings | None,
        Field(
            alias="runs",
            description="Analyse runs that were recorded elsewhere; nothing is trained.",
            examples=[{"from": "wandb", "project": "ablation"}],
        ),
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _with_the_trainers_defaults(cls, config: Any) -> Any:
        if not isinstance(config, Mapping):
            return config
        if is_evaluation(config) and "seeds" not in config:
            config = {**config, "seeds": list(NO_SEEDS)}
        if is_program(config):
            return without_mirrors(mark_overrides(config))
        if isinstance(config.get("analysis"), Mapping):
            return {**config, "analysis": with_trainers_defaults(config["analysis"])}
        return config

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = cross_problems(
            [variant.name for variant in self.variants],
            self.seeds,
            self.analysis.model_dump(exclude_unset=True),
            pulled=self.source is not None,
            renamed=self.tracking.wandb.metric_names,
            config=self.model_dump(by_alias=True, exclude_unset=True, exclude={"analysis"}),
        )
        if problems:
            raise located("Study", problems)
        return self

    @property
    def program(self) -> Command | Function | None:
        """The user's own program, if the runs are runs of one."""
        return self.command or self.function

    @property
    def evaluation(self) -> bool:
        """Whether the examples of an evaluation are the sample, not runs."""
        return self.source is not None and self.source.evaluation

    @property
    def declared_seeds(self) -> tuple[int, ...]:
        """The seeds that belong to the declared plan; an evaluation has none."""
        return () if self.evaluation else self.seeds

    @property
    def declared_columns(self) -> dict[str, str]:
        """The columns that say what the answers of an evaluation are, by their key in `runs`; they decide too."""
        return self.source.columns_of_answers if self.source and self.evaluation else {}

    @property
    def declared_choices(self) -> dict[str, Any]:
        """What else decides which runs count and with which numbers, by its key in the config.

        What has its default is left out.
        """
        sections = {"command": self.command, "function": self.function, "runs": self.source}
        return {
            f"{name}.{key}": value
            for name, section in sections.items()
            if section
            for key, value in section.choices.items()
        }

    @property
    def plan_hash(self) -> str:
        """The hash of all that is declared about how the runs are compared."""
        variants = [variant.name for variant in self.variants]
        return self.analysis.digest(self.declared_seeds, variants, self.declared_columns, self.declared_choices)

    @property
    def declared_settings(self) -> dict[str, str]:
        """A digest of the settings of each variant, which decide what is compared; none if runs come from elsewhere."""
        return {} if self.source else {variant.name: self.settings(variant.name).digest() for variant in self.variants}

    @property
    def trainer(self) -> Trainer:
        """What this study's runs are."""
        return ProgramTrainer(self.program, self.analysis) if self.program else ImageClassifier()

    def variant(self, name: str) -> Variant:
        """Return the variant of this name; raises UserError if there is none."""
        for variant in self.variants:
            if variant.name == name:
                return variant
        raise UserError(f"variant: {not_known(name, [variant.name for variant in self.variants], 'Variants')}")

    def settings(self, variant: str) -> AnySettings:
        """Resolve a variant: the study's settings with the variant's overrides in their place.

        Raises:
            UserError: there is no such variant, or its settings do not fit together.
        """
        return self.program_settings(variant) if self.program else self.image_settings(variant)

    def program_settings(self, variant: str) -> ProgramSettings:
        """Resolve a variant of a study of a program; raises UserError if there is no such variant."""
        assert self.program
        chosen = self.variant(variant)
        threads = self.resources.train_run.threads
        return resolve_program(self.program, chosen.overrides, chosen.revision, self.analysis, threads)

    def image_settings(self, variant: str) -> RunSettings:
        """Resolve a variant of a study of the image classifier.

        Raises:
            UserError: there is no such variant, or its settings do not fit together.
        """
        common = RunSettings(dataset=self.dataset, model=self.model, training=self.training)
        resolved = common.replace(self.variant(variant).overrides)
        try:
            resolved.check()
        except UserError as error:
            raise UserError(f"variant {variant}: {error}") from None
        return resolved

    def varied(self) -> dict[str, tuple[str, ...]]:
        """Return sources of randomness by variant, for a study of what makes seeds differ; else nothing.

        These are the variants that differ from the baseline only in `training.vary`, and the baseline; there are
        none if all of them vary the same sources.
        """
        if self.program:
            return {}
        everything = {"training.vary": STREAMS}
        chosen = {variant.name: self.image_settings(variant.name) for variant in self.variants}
        base = chosen[self.analysis.baseline].replace(everything)
        vary: dict[str, tuple[str, ...]] = {
            name: own.training.vary for name, own in chosen.items() if own.replace(everything) == base
        }
        return vary if len(set(vary.values())) > 1 else {}

    def factorial(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Return levels by factor (`factors`) and by variant (`cells`) if every combination is a variant, else {}."""
        if not self.factors or self.design != "product":
            return {}
        levels = {factor: tuple(choices) for factor, choices in self.factors.items()}
        return {"factors": levels, "cells": cells(self.factors, self.design)}

    def runs(self, seeds: Sequence[int] | None = None) -> list[Run]:
        """Return all runs, or those of some seeds, variant by variant in the order of the config."""
        return [
            Run(variant.name, seed) for variant in self.variants for seed in (self.seeds if seeds is None else seeds)
        ]

    def folder(self, results: str | Path = "results") -> Path:
        """Return the study's folder, results/<study>."""
        return Path(results) / self.study

    def run_folder(self, variant: str, seed: int, results: str | Path = "results") -> Path:
        """Return the folder of one run, results/<study>/runs/<variant>/seed<seed>."""
        return self.record_path(variant, seed, results).parent

    def record_path(self, variant: str, seed: int, results: str | Path = "results") -> Path:
        """Return the path of one run's record, metrics.json in the run's folder."""
        # A third of the time of joining the parts.
        return Path(f"{results}/{self.study}/runs/{variant}/seed{seed}/metrics.json")

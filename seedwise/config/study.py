"""A study: which variants of one training set-up are trained, with which seeds, and where the results go."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import ConfigDict, Field, GetPydanticSchema, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from seedwise.basics.errors import UserError
from seedwise.basics.names import not_known, problem, quote
from seedwise.basics.sections import Name, Section, Whole
from seedwise.config.factors import cells
from seedwise.config.resources import Resources
from seedwise.plan import MOST_LOOKS, Plan
from seedwise.sources.settings import RunsSettings
from seedwise.tracking.settings import TrackingSettings, WandbSettings
from seedwise.trainers.image_classifier.metrics import METRIC_NAMES as METRICS
from seedwise.trainers.image_classifier.settings import (
    STREAMS,
    DatasetSettings,
    ModelSettings,
    Overrides,
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

Location = tuple[str | int, ...]


Levels = Annotated[dict[str, Any], GetPydanticSchema(lambda _, handler: handler(Overrides))]


class Variant(Section):
    """One way to train: the study's settings with some of them replaced."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "baseline"}]})

    name: Annotated[Name, Field(description="Names the variant's folder.", examples=["baseline"])]
    label: Annotated[str, Field(min_length=1, description="Name in tables and figures; by default the name.")] = Field(
        default_factory=lambda data: str(data["name"])
    )
    overrides: Annotated[
        dict[str, Any],
        GetPydanticSchema(lambda _, handler: handler(Overrides)),
        Field(
            alias="set",
            description="Replaced settings: dotted paths into dataset, model and training, and their values.",
            examples=[{"model.dropout": 0.2}],
        ),
    ] = Field(default_factory=dict)


class Run(NamedTuple):
    """One training: a variant and a seed."""

    variant: str
    seed: int


class Study(Section):
    """A whole config: variants × seeds, and how they are compared."""

    study: Annotated[Name, Field(description="Names the results: results/<study>/.", examples=["fashion-mnist"])]
    title: Annotated[
        str, Field(min_length=1, description="Heading of the report.", examples=["Ablation: dropout on Fashion-MNIST"])
    ]
    dataset: Annotated[DatasetSettings, Field(description="What is learned from.")] = DatasetSettings()
    model: Annotated[ModelSettings, Field(description="What is trained.")] = ModelSettings()
    training: Annotated[TrainingSettings, Field(description="How it is trained.")] = TrainingSettings()
    variants: Annotated[
        tuple[Variant, ...],
        Field(
            min_length=1,
            description="What is compared; names are unique.",
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
        Field(description="Which combinations of the factors' levels are variants."),
    ] = "product"
    seeds: Annotated[
        tuple[Annotated[Whole, Field(ge=0, lt=2**63)], ...],
        Field(
            min_length=1,
            description="Every variant is trained once with each of these seeds.",
            examples=[[0, 1, 2]],
            json_schema_extra={"uniqueItems": True},
        ),
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
            description="Memory, time and GPUs of the jobs, by rule; changing them trains nothing anew.",
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

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = [variant.name for variant in self.variants]
        problems = cross_problems(names, self.seeds, self.analysis.model_dump())
        if problems:
            details = [
                InitErrorDetails(type=problem(message), loc=location, input=None) for location, message in problems
            ]
            raise ValidationError.from_exception_data("Study", details)
        return self

    @property
    def trainer(self) -> ImageClassifier:
        """What this study's runs are."""
        return ImageClassifier()

    def variant(self, name: str) -> Variant:
        """Return the variant of this name; raises UserError if there is none."""
        for variant in self.variants:
            if variant.name == name:
                return variant
        raise UserError(f"variant: {not_known(name, [variant.name for variant in self.variants], 'Variants')}")

    def settings(self, variant: str) -> RunSettings:
        """Resolve a variant: the study's settings with the variant's overrides in their place.

        Raises:
            UserError: there is no such variant, or settings of it do not go together.
        """
        common = RunSettings(dataset=self.dataset, model=self.model, training=self.training)
        resolved = common.replace(self.variant(variant).overrides)
        try:
            resolved.check()
        except UserError as error:
            raise UserError(f"variant {variant}: {error}") from None
        return resolved

    def varied(self) -> dict[str, tuple[str, ...]]:
        """Sources of randomness by variant, if variants that are otherwise the same vary different ones; else empty.

        They are the variants that differ from the baseline in `training.vary` alone, and the baseline.
        """
        everything = {"training.vary": STREAMS}
        chosen = {variant.name: self.settings(variant.name) for variant in self.variants}
        base = chosen[self.analysis.baseline].replace(everything)
        vary: dict[str, tuple[str, ...]] = {
            name: own.training.vary for name, own in chosen.items() if own.replace(everything) == base
        }
        return vary if len(set(vary.values())) > 1 else {}

    def factorial(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Levels by factor (`factors`) and by variant (`cells`), if every combination is a variant; else empty."""
        if not self.factors or self.design != "product":
            return {}
        levels = {factor: tuple(choices) for factor, choices in self.factors.items()}
        return {"factors": levels, "cells": cells(self.factors, self.design)}

    def runs(self, seeds: Sequence[int] | None = None) -> list[Run]:
        """All runs, or those of some seeds, variant by variant, in the order of the config."""
        return [
            Run(variant.name, seed) for variant in self.variants for seed in (self.seeds if seeds is None else seeds)
        ]

    def folder(self, results: str | Path = "results") -> Path:
        """Return the study's folder, results/<study>."""
        return Path(results) / self.study

    def run_folder(self, variant: str, seed: int, results: str | Path = "results") -> Path:
        """Return the folder of one run, results/<study>/runs/<variant>/seed<seed>."""
        return self.folder(results) / "runs" / variant / f"seed{seed}"

    def record_path(self, variant: str, seed: int, results: str | Path = "results") -> Path:
        """Return the path of one run's record, metrics.json in the run's folder."""
        return self.run_folder(variant, seed, results) / "metrics.json"


def cross_problems(
    names: Sequence[object], seeds: Sequence[object], plan: Mapping[str, object]
) -> list[tuple[Location, str]]:
    """Check what no field can check alone: unique names and seeds, a baseline and a metric that exist.

    It takes raw values too, and passes over those of a wrong type, so that a config with errors elsewhere
    is checked as far as it can be. Returns the location and the message of each problem.
    """
    problems: list[tuple[Location, str]] = []
    folders: dict[str, str] = {}  # on macOS and Windows, names that differ only in case are one folder
    for index, name in enumerate(names):
        if not isinstance(name, str):
            continue
        if name.lower() in folders:
            first = folders[name.lower()]
            twice = f"{quote(name)} twice"
            found = twice if first == name else f"{quote(first)} and {quote(name)}, which differ only in case"
            problems.append((("variants", index, "name"), f"found {found}; variant names must be unique"))
        folders[name.lower()] = name
    numbers: set[int] = set()
    for index, seed in enumerate(seeds):
        if isinstance(seed, bool) or not isinstance(seed, int):
            continue
        if seed in numbers:
            problems.append((("seeds", index), f"found {seed} twice; seeds must be unique"))
        numbers.add(seed)
    problems += _plan_problems(names, plan)
    problems += _looks_problems(plan.get("looks"), len(seeds))
    return problems


def _plan_problems(names: Sequence[object], plan: Mapping[str, object]) -> Iterable[tuple[Location, str]]:
    defaults = {name: field.default for name, field in Plan.model_fields.items()}
    baseline, metric, higher = ((defaults | dict(plan))[key] for key in ("baseline", "metric", "higher_is_better"))
    variants = [name for name in names if isinstance(name, str)]
    if isinstance(baseline, str) and variants and len(variants) == len(names) and baseline not in variants:
        yield ("analysis", "baseline"), not_known(baseline, variants, "Variants")
    if not isinstance(metric, str):
        return
    if metric not in METRICS:
        yield ("analysis", "metric"), not_known(metric, METRICS, "Metrics")
    elif isinstance(higher, bool) and higher != metric.endswith("_accuracy"):
        better, fit = ("lower", "false") if higher else ("higher", "true")
        message = f"{str(higher).lower()} does not fit {metric}, of which {better} is better; write {fit}"
        yield ("analysis", "higher_is_better"), message


def _looks_problems(looks: object, seeds: int) -> Iterable[tuple[Location, str]]:
    if not isinstance(looks, (list, tuple)) or not looks:
        return
    place = ("analysis", "looks")
    if len(looks) > MOST_LOOKS:
        yield place, f"found {len(looks)} looks; at most {MOST_LOOKS} leave enough for each"
    if any(isinstance(look, bool) or not isinstance(look, int) for look in looks):
        return
    for index, (before, look) in enumerate(itertools.pairwise(looks), start=1):
        if look <= before:
            yield (*place, index), f"found {look} after {before}; looks are numbers of seeds that increase"
    if seeds and looks[-1] != seeds:
        yield (*place, len(looks) - 1), f"found {looks[-1]}; the last look has all seeds, of which there are {seeds}"

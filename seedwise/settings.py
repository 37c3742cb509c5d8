"""Run settings: everything that decides what one run trains, except its seed."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from typing_extensions import TypedDict

from seedwise.plugins import PATTERN, is_plugin

DATASETS = ("fashion_mnist",)
MODELS = ("small_cnn",)
OPTIMIZERS = ("sgd", "adamw")
SCHEDULES = ("one_cycle", "cosine", "constant")
AUGMENTATIONS = ("random_crop", "random_horizontal_flip")
Stream = Literal["init", "order", "augmentation", "dropout", "split"]
STREAMS: tuple[Stream, ...] = get_args(Stream)
"""The sources of randomness of a run."""

# What people write elsewhere, and what it is called here.
SYNONYMS = {
    "gpu": "cuda",
    "float32": "fp32",
    "bfloat16": "bf16",
    "lr": "learning_rate",
    "wd": "weight_decay",
    "bs": "batch_size",
    "overrides": "set",
}

PROBLEM = "seedwise"  # the pydantic error type whose message is already written for the user


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that `word` most probably stands for, whatever its case; None if none is close."""
    by_lower = {choice.lower(): choice for choice in choices}
    if SYNONYMS.get(word.lower()) in by_lower:
        return by_lower[SYNONYMS[word.lower()]]
    found = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def quote(text: str) -> str:
    """Put a text in quotes, in one line whatever it contains."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def plain(text: str) -> str:
    """Write a name as it is, unless it would break the line."""
    return text if text.isprintable() else quote(text)


def not_known(found: str, choices: Sequence[str], what: str = "Known", more: str = "") -> str:
    """Say that `found` is none of `choices`, which one it may mean, and what all of them are."""
    guess = nearest(found, choices)
    hint = f"; did you mean {quote(guess)}?" if guess else "."
    return f"found {quote(found)}{hint} {what}: {', '.join(map(plain, choices))}{more}"


def problem(message: str) -> PydanticCustomError:
    """Make a validation error whose message is shown as it is."""
    return PydanticCustomError(PROBLEM, "{message}", {"message": message})


@dataclass(frozen=True)
class Named:
    """Annotation of a field that takes one of `names`, or `package.module:function`."""

    names: tuple[str, ...]

    def _check(self, name: str) -> str:
        if name in self.names or is_plugin(name):
            return name
        raise problem(not_known(name, self.names, more=", or a function of your own: package.module:function"))

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        own = {"type": "string", "pattern": f"^{PATTERN}$", "description": "Your own package.module:function."}
        return {"anyOf": [{"enum": list(self.names)}, own]}


def _in_order(streams: tuple[Stream, ...]) -> tuple[Stream, ...]:
    """Put streams in the order of `STREAMS`, so that one choice has one canonical text."""
    for position, stream in enumerate(streams):
        if stream in streams[:position]:
            raise problem(f"found {quote(stream)} twice; name each source of randomness once")
    return tuple(stream for stream in STREAMS if stream in streams)


# YAML's true and "3" are never numbers, and 3 is a fine float.
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
# A name becomes a folder and a Snakemake wildcard: no "..", no dot at the end.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$")]


class Section(BaseModel):
    """A mapping of the config: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DatasetSettings(Section):
    """What is learned from."""

    name: Annotated[str, Named(DATASETS), Field(description="Dataset, or package.module:function.")] = "fashion_mnist"
    folder: Annotated[
        str | None, Field(min_length=1, description="Local folder with the raw files; null fetches them.")
    ] = None
    validation_fraction: Annotated[
        Number, Field(gt=0, lt=1, description="Share of the training images that is held out for validation.")
    ] = 0.1
    subset: Annotated[
        Whole | None, Field(ge=10, description="Train on a stratified subset of this many images; null takes all.")
    ] = None


class ModelSettings(Section):
    """What is trained."""

    name: Annotated[str, Named(MODELS), Field(description="Model, or package.module:function.")] = "small_cnn"
    dropout: Annotated[Number, Field(ge=0, lt=1, description="Probability of dropping a hidden unit.")] = 0.0


class TrainingSettings(Section):
    """How it is trained."""

    epochs: Annotated[Whole, Field(ge=1, description="Passes over the training images.")] = 3
    batch_size: Annotated[Whole, Field(ge=1, description="Images per step.")] = 64
    optimizer: Annotated[str, Named(OPTIMIZERS), Field(description="Optimizer, or package.module:function.")] = "sgd"
    learning_rate: Annotated[Number, Field(gt=0, description="Peak learning rate of the schedule.")] = 0.05
    momentum: Annotated[Number, Field(ge=0, lt=1, description="Momentum of sgd; adamw has its own.")] = 0.9
    weight_decay: Annotated[Number, Field(ge=0, description="Weight decay of the optimizer.")] = 0.0
    schedule: Annotated[
        str, Named(SCHEDULES), Field(description="Course of the learning rate, or package.module:function.")
    ] = "one_cycle"
    augmentation: Annotated[
        tuple[Annotated[str, Named(AUGMENTATIONS)], ...],
        Field(
            description="Augmentations in the order in which they apply; each may be package.module:function.",
            examples=[["random_crop", "random_horizontal_flip"]],
        ),
    ] = ()
    precision: Annotated[
        Literal["auto", "fp32", "bf16"], Field(description="`auto` is bf16 where the device is fast at it.")
    ] = "auto"
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], Field(description="`auto` is the best device of the machine.")
    ] = "auto"
    threads: Annotated[Whole, Field(ge=1, description="CPU threads of one run.")] = 1
    vary: Annotated[
        tuple[Stream, ...],
        AfterValidator(_in_order),
        Field(
            description="Sources of randomness that follow the run's seed; the others follow seed 0 in every run.",
            examples=[["init", "order"]],
            json_schema_extra={"uniqueItems": True},
        ),
    ] = STREAMS


class RunSettings(Section):
    """Everything that decides what one run trains, except its seed."""

    dataset: DatasetSettings
    model: ModelSettings
    training: TrainingSettings

    def canonical(self) -> str:
        """Return one JSON text for one meaning: sorted keys, no spaces, all defaults written out.

        `dataset.folder` is left out, for where the files lie is not what is trained; so is `training.vary` where all
        varies, for runs that were recorded before it existed are the same runs.
        """
        default = {"vary"} if self.training.vary == STREAMS else set()
        settings = self.model_dump(mode="json", exclude={"dataset": {"folder"}, "training": default})
        return json.dumps(settings, sort_keys=True, separators=(",", ":"))

    def digest(self) -> str:
        """12 hex digits of the SHA-256 of `canonical()`."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()[:12]

    def replace(self, overrides: Mapping[str, Any]) -> Self:
        """Return these settings with new values, already validated, at dotted paths such as `model.dropout`."""
        changed = {name: getattr(self, name) for name in SECTIONS}
        for path, value in overrides.items():
            section, _, key = path.partition(".")
            changed[section] = changed[section].model_copy(update={key: value})
        return self.model_copy(update=changed)

    @classmethod
    def from_canonical(cls, text: str) -> Self:
        """Read what `canonical` wrote; raises pydantic's ValidationError if it is anything else."""
        return cls.model_validate_json(text)


SECTIONS: dict[str, type[Section]] = {
    "dataset": DatasetSettings,
    "model": ModelSettings,
    "training": TrainingSettings,
}


# All variants learn from one dataset: other data are another study.
SHARED = {("dataset", "name"), ("dataset", "folder")}


def _overrides() -> Any:
    """Make a typed dict with a key for every dotted path that decides what is trained."""
    fields = {
        f"{section}.{key}": Annotated[(field.annotation, *field.metadata, _documentation(field))]
        for section, model in SECTIONS.items()
        for key, field in model.model_fields.items()
        if (section, key) not in SHARED
    }
    overrides = TypedDict("Overrides", fields, total=False)  # type: ignore[misc]
    overrides.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]
    return overrides


def _documentation(field: Any) -> Any:
    return Field(description=field.description, examples=field.examples)


Overrides = _overrides()

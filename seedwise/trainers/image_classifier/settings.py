"""Run settings: everything that determines what one run trains, except its seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from typing_extensions import TypedDict

from seedwise.basics.errors import UserError
from seedwise.basics.names import Named, problem, quote
from seedwise.basics.sections import Number, Section, Whole
from seedwise.trainers.image_classifier.datasets import DATASETS
from seedwise.trainers.image_classifier.freeze_epochs import FreezeEpochs, TrainableField

MODELS = ("small_cnn", "resnet18", "resnet34", "efficientnet_lite0")
PRETRAINED = ("resnet18", "resnet34", "efficientnet_lite0")
"""Models that have ImageNet weights."""
OPTIMIZERS = ("sgd", "adamw")
SCHEDULES = ("one_cycle", "cosine", "constant")
AUGMENTATIONS = ("random_crop", "random_horizontal_flip", "random_erasing")
Stream = Literal["init", "order", "augmentation", "dropout", "split"]
STREAMS: tuple[Stream, ...] = get_args(Stream)
"""The sources of randomness of a run."""
STREAM_WORDS = {
    "init": "the initial weights",
    "order": "the order of the data",
    "augmentation": "the augmentation",
    "dropout": "the dropout",
    "split": "the validation split",
}
"""The name of each source of randomness in a sentence."""


def _in_order(streams: tuple[Stream, ...]) -> tuple[Stream, ...]:
    """Put streams in the order of `STREAMS`, so that each choice has one canonical form."""
    for position, stream in enumerate(streams):
        if stream in streams[:position]:
            raise problem(f"found {quote(stream)} twice; name each source of randomness once")
    return tuple(stream for stream in STREAMS if stream in streams)


def _off(level: object) -> object:
    """Undo YAML, which reads `off` as false."""
    return "off" if level is False else level


class DatasetSettings(Section):
    """The data that a run trains on."""

    name: Annotated[str, Named(tuple(DATASETS)), Field(description="Dataset, or package.module:function.")] = (
        "fashion_mnist"
    )
    folder: Annotated[
        str | None, Field(min_length=1, description="Local folder with the raw files; null: fetch them.")
    ] = None
    validation_fraction: Annotated[
        Number, Field(gt=0, lt=1, description="Fraction of the training images that is held out for validation.")
    ] = 0.1
    subset: Annotated[
        Whole | None, Field(ge=10, description="Train on a stratified subset of this many images; null: use all.")
    ] = None
    image_size: Annotated[
        Whole | None,
        Field(
            ge=8,
            le=4096,
            description="Side in pixels to which oxford_iiit_pet is resized, 64 by default; others have a fixed size.",
        ),
    ] = None


class ModelSettings(Section):
    """The model that a run trains."""

    name: Annotated[str, Named(MODELS), Field(description="Model, or package.module:function.")] = "small_cnn"
    dropout: Annotated[Number, Field(ge=0, lt=1, description="Probability of dropping a hidden unit.")] = 0.0
    pretrained: Annotated[
        bool, Field(strict=True, description="Start from ImageNet weights, which must already be on this machine.")
    ] = False
    input_size: Annotated[
        Whole | None,
        Field(ge=8, le=4096, description="Side in pixels to which images are scaled for the model; null: not scaled."),
    ] = None
    trainable: Annotated[
        Literal["all", "head"] | FreezeEpochs,
        TrainableField(),
        Field(description="What learns: all, the head, or {freeze_epochs: n}: the head for n epochs, then all."),
    ] = "all"


class TrainingSettings(Section):
    """How a run trains the model."""

    epochs: Annotated[Whole, Field(ge=1, le=1_000_000, description="Passes over the training images.")] = 3
    batch_size: Annotated[Whole, Field(ge=1, le=1_000_000, description="Images per step.")] = 64
    optimizer: Annotated[str, Named(OPTIMIZERS), Field(description="Optimizer, or package.module:function.")] = "sgd"
    learning_rate: Annotated[Number, Field(gt=0, description="Peak learning rate of the schedule.")] = 0.05
    momentum: Annotated[Number, Field(ge=0, lt=1, description="Momentum of sgd; adamw does not use it.")] = 0.9
    weight_decay: Annotated[Number, Field(ge=0, description="Weight decay of the optimizer.")] = 0.0
    learning_rate_ratio: Annotated[
        Number, Field(gt=0, le=1, description="Learning rate of the body as a fraction of that of the head.")
    ] = 1.0
    schedule: Annotated[
        str, Named(SCHEDULES), Field(description="Learning-rate schedule, or package.module:function.")
    ] = "one_cycle"
    augmentation: Annotated[
        tuple[Annotated[str, Named(AUGMENTATIONS)], ...],
        Field(
            description="Augmentations in the order in which they are applied; each may be package.module:function.",
            examples=[["random_crop", "random_horizontal_flip"]],
        ),
    ] = ()
    mixup: Annotated[
        Number, Field(ge=0, description="Alpha of mixup: how strongly two images are blended; 0: off.")
    ] = 0.0
    label_smoothing: Annotated[
        Number, Field(ge=0, lt=1, description="Fraction of each label that is spread evenly over all classes.")
    ] = 0.0
    gradient_clipping: Annotated[
        Number | None, Field(gt=0, description="Maximum norm of the gradient; null: no clipping.")
    ] = None
    ema: Annotated[
        Number | None,
        Field(
            gt=0,
            lt=1,
            description="Decay of the moving average of the weights, which is then evaluated; null: no average.",
        ),
    ] = None
    precision: Annotated[
        Literal["auto", "fp32", "bf16"], Field(description="`auto` is bf16 where the hardware supports it, else fp32.")
    ] = "auto"
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], Field(description="`auto` is cuda or mps if available, else cpu.")
    ] = "auto"
    threads: Annotated[Whole, Field(ge=1, le=1024, description="CPU threads of one run.")] = 1
    determinism: Annotated[
        Literal["off", "warn", "error"],
        BeforeValidator(_off),
        Field(
            description="What happens at a GPU operation without a deterministic form: nothing, a warning or an error."
        ),
    ] = "off"
    compile: Annotated[
        Literal[False, True, "cuda_graphs"],
        Field(
            description="Compile the model, or compile it with CUDA graphs; used only on CUDA, where it may be faster."
        ),
    ] = False
    vary: Annotated[
        tuple[Stream, ...],
        AfterValidator(_in_order),
        Field(
            description="Sources of randomness that follow the run's seed; the others follow seed 0 in every run.",
            examples=[["init", "order"]],
            json_schema_extra={"uniqueItems": True},
        ),
    ] = STREAMS
    chance_accuracy: Annotated[
        Number | None,
        Field(
            ge=0,
            lt=1,
            description="Accuracy of guessing; a run that ends no better has diverged. null: 1 / classes; 0: no check.",
        ),
    ] = None


class RunSettings(Section):
    """Everything that determines what one run trains, except its seed."""

    dataset: DatasetSettings
    model: ModelSettings
    training: TrainingSettings

    def canonical(self) -> str:
        """Return the canonical JSON of these settings: sorted keys, no spaces, all defaults written out.

        `dataset.folder` is left out because the location of the files does not affect training. `training.vary` and
        `training.chance_accuracy` are left out where they have their defaults, so that runs recorded before these
        settings existed keep their digest.
        """
        training = self.training
        defaults = {"vary": training.vary == STREAMS, "chance_accuracy": training.chance_accuracy is None}
        left_out = {key for key, is_default in defaults.items() if is_default}
        settings = self.model_dump(mode="json", exclude={"dataset": {"folder"}, "training": left_out})
        return json.dumps(settings, sort_keys=True, separators=(",", ":"))

    def digest(self) -> str:
        """12 hex digits of the SHA-256 of `canonical()`."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()[:12]

    def flat(self) -> dict[str, Any]:
        """Return every setting by its dotted path; a setting that is itself a mapping is not split."""
        return {
            f"{section}.{key}": value
            for section, values in self.model_dump(mode="json").items()
            for key, value in values.items()
        }

    def replace(self, overrides: Mapping[str, Any]) -> Self:
        """Return these settings with new values, already validated, at dotted paths such as `model.dropout`."""
        changed = {name: getattr(self, name) for name in SECTIONS}
        for path, value in overrides.items():
            section, _, key = path.partition(".")
            changed[section] = changed[section].model_copy(update={key: value})
        return self.model_copy(update=changed)

    def check(self) -> None:
        """Check settings that depend on each other.

        Raises:
            UserError: two settings contradict each other; the message names both.
        """
        dataset, model, training = self.dataset, self.model, self.training
        resized = [name for name, known in DATASETS.items() if known.resized]
        if dataset.image_size is not None and dataset.name not in resized:
            raise UserError(
                f"dataset.image_size: {dataset.name} has a fixed size; only {', '.join(resized)} can be resized. "
                "To give the model larger images, set model.input_size"
            )
        if model.pretrained and model.name not in PRETRAINED:
            raise UserError(
                f"model.pretrained: no pretrained weights for {model.name}; available: {', '.join(PRETRAINED)}"
            )
        if isinstance(model.trainable, FreezeEpochs) and model.trainable.freeze_epochs >= training.epochs:
            raise UserError(
                f"model.trainable: freeze_epochs is {model.trainable.freeze_epochs} of {training.epochs} epochs, "
                "so only the head would ever learn; set model.trainable to head if you want that, or train for longer"
            )

    @classmethod
    def from_canonical(cls, text: str) -> Self:
        """Parse the output of `canonical`; raises pydantic's ValidationError if it is anything else."""
        return cls.model_validate_json(text)


SECTIONS: dict[str, type[Section]] = {
    "dataset": DatasetSettings,
    "model": ModelSettings,
    "training": TrainingSettings,
}


# All variants train on the same dataset: other data would be another study. And one rule says which of their runs
# diverged: with a rule of its own, a variant could lose its bad runs and look better for it.
SHARED = {
    ("dataset", "name"),
    ("dataset", "folder"),
    ("dataset", "image_size"),
    ("training", "chance_accuracy"),
}


def _overrides() -> Any:
    """Make a typed dict with a key for every dotted path that a variant may set."""
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

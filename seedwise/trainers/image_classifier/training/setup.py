"""Set-up of a run: from settings and data to everything that training uses."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from seedwise.basics.errors import UserError
from seedwise.trainers.image_classifier.datasets import images
from seedwise.trainers.image_classifier.settings import RunSettings
from seedwise.trainers.image_classifier.training.augmentation import build_augmentations
from seedwise.trainers.image_classifier.training.batches import Parts, split
from seedwise.trainers.image_classifier.training.checkpoint import Stateful
from seedwise.trainers.image_classifier.training.ema import average
from seedwise.trainers.image_classifier.training.loop import Learner
from seedwise.trainers.image_classifier.training.memory import keep_freed_memory
from seedwise.trainers.image_classifier.training.models import build_model
from seedwise.trainers.image_classifier.training.optimization import build_optimizer, build_schedule
from seedwise.trainers.image_classifier.training.precision import resolve_precision
from seedwise.trainers.image_classifier.training.pretrained import model_input
from seedwise.trainers.image_classifier.training.seeding import Streams, set_seed


@dataclass(frozen=True)
class SetUp:
    """Everything that a run trains with, before its first step."""

    device: torch.device
    streams: Streams
    parts: Parts
    data_digest: str
    learner: Learner

    @property
    def state(self) -> dict[str, Stateful]:
        """The objects whose state a checkpoint saves."""
        learner = self.learner
        parts: dict[str, Stateful] = {
            "model": learner.model,
            "optimizer": learner.optimizer,
            "schedule": learner.schedule,
        }
        return parts if learner.average is None else {**parts, "average": learner.average}


class DeviceError(UserError):
    """The device that the settings name does not exist."""


def torch_device(device: str) -> torch.device:
    """Turn `auto` into the best device of this machine.

    Raises:
        DeviceError: this machine has no such device.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        device = next(name for name in ("cuda", "mps", "cpu") if available[name])
    if not available[device]:
        raise DeviceError(
            f"training.device: found {device}, but torch finds no such device on this machine; use auto or cpu"
        )
    return torch.device(device)


def set_determinism(level: str) -> None:
    """Set what torch does at an operation that has no deterministic form: nothing (off), warn, or raise (error).

    On a CPU, runs are repeatable at any level. On a GPU, `error` guarantees it; with `off` they usually are, too.
    """
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, True
    if level != "off":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS needs it and reads it at its first use
    if level != "off" or torch.are_deterministic_algorithms_enabled():  # this call imports torch's compiler: a second
        torch.use_deterministic_algorithms(level != "off", warn_only=level == "warn")


def compile_model(
    model: nn.Module, level: Literal[True, "cuda_graphs"], device: torch.device, say: Callable[[str], None]
) -> None:
    """Compile a model in place on CUDA; on other devices leave it as it is, and say so.

    CUDA graphs are torch's mode "reduce-overhead", which does not use them where they are not safe.
    """
    if device.type != "cuda":
        say(f"training.compile: not used on {device.type}, where it brings no gain")
        return
    mode = "reduce-overhead" if level == "cuda_graphs" else "default"
    model.compile(mode=mode, dynamic=False)  # batches have two sizes: the last one may be smaller


def set_up(settings: RunSettings, seed: int, data: Path, say: Callable[[str], None] = print) -> SetUp:
    """Seed everything, load the data, and build the model, the optimizer and the schedule.

    Raises:
        UserError: the device, data, weights or packages are missing or unsuitable.
    """
    training = settings.training
    torch.set_num_threads(training.threads)
    set_determinism(training.determinism)
    device = torch_device(training.device)
    precision = resolve_precision(training.precision, device)
    streams = Streams(seed, training.vary)
    set_seed(streams.seed_of("init"))  # for code that draws from no stream

    loaded, data_digest = images.load(data)
    parts = split(loaded, settings.dataset, streams.seed_of("split"), device)
    if device.type == "cpu":
        keep_freed_memory()  # from here on: the data are better off without it
    _, channels, size, _ = loaded.train_images.shape
    model = build_model(
        settings.model, channels=channels, classes=parts.classes, size=size, seed=streams.seed_of("init")
    )
    model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = build_optimizer(model, training)
    steps = -(-len(parts.train) // training.batch_size)
    learner = Learner(
        model=model,
        optimizer=optimizer,
        schedule=build_schedule(optimizer, training, steps * training.epochs),
        average=None if training.ema is None else average(model, training.ema),
        normalise=model_input(settings.model, parts.normalise),
        augmentations=build_augmentations(training.augmentation),
        training=training,
        precision=precision,
    )
    if training.compile:
        compile_model(model, training.compile, device, say)
    return SetUp(device, streams, parts, data_digest, learner)

"""Five ways to train one model, each as its users would write it, for benchmarks/throughput.py.

Each is a function (cell, data, tick) that trains endlessly and calls `tick` after every step. All train the same
architecture on the same images with the same batch size, precision, optimizer (SGD with momentum) and augmentation.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from benchmarks import course_style
from seedwise.trainers.image_classifier.datasets.prepared import prepared_file
from seedwise.trainers.image_classifier.settings import DatasetSettings, ModelSettings, RunSettings, TrainingSettings
from seedwise.trainers.image_classifier.training.loop import autocast, train_epoch
from seedwise.trainers.image_classifier.training.models import build_model
from seedwise.trainers.image_classifier.training.setup import SetUp, set_up

EPOCHS = 3
RATE, MOMENTUM = 0.05, 0.9
CPU = torch.device("cpu")
RAW = "fashion_mnist"
"""The folder with FashionMNIST/raw, in data/."""

Tick = Callable[[], None]


@dataclass(frozen=True)
class Cell:
    """One configuration of the benchmark."""

    model: str
    augment: bool
    precision: str
    batch_size: int
    threads: int
    side_by_side: int = 1


def limit(cell: Cell, data: Path, tick: Tick) -> None:
    """Train at the speed limit: forward, backward and step on batches in memory, without pipeline and schedule."""
    made = _set_up(cell, data)
    model, train = made.learner.model, made.parts.train
    n = 64 * cell.batch_size
    batches = [
        (made.learner.normalise(images), labels)
        for images, labels in zip(
            torch.split(train.images[:n], cell.batch_size), torch.split(train.labels[:n], cell.batch_size), strict=True
        )
    ]
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    model.train()
    while True:
        for images, labels in batches:
            with autocast(CPU, cell.precision):
                loss = cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            tick()


def seedwise(cell: Cell, data: Path, tick: Tick) -> None:
    """Train with the loop of a Seedwise run, as `train_run` calls it."""
    made = _set_up(cell, data)
    for epoch in range(1, EPOCHS + 1):
        train_epoch(made.learner, made.parts.train, streams=made.streams, epoch=epoch, on_batch=lambda _: tick())


def course(cell: Cell, data: Path, tick: Tick) -> None:
    """Train with the loop of benchmarks/course_style.py."""
    model, loader = _model(cell), _loader(cell, data)
    if cell.precision == "bf16":
        model.forward = torch.autocast("cpu", torch.bfloat16)(model.forward)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    schedule = _one_cycle(optimizer, loader)
    while True:
        course_style.train_epoch(model, loader, optimizer, schedule, tick)


def lightning(cell: Cell, data: Path, tick: Tick) -> None:
    """Train with PyTorch Lightning's Trainer, without logger, checkpoints and progress bar."""
    import pytorch_lightning as pl

    loader = _loader(cell, data)

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = _model(cell)

        def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
            images, labels = batch
            return cross_entropy(self.model(images), labels)

        def configure_optimizers(self) -> dict[str, object]:
            optimizer = torch.optim.SGD(self.parameters(), lr=RATE, momentum=MOMENTUM)
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": _one_cycle(optimizer, loader), "interval": "step"},
            }

    class Ticking(pl.Callback):
        def on_train_batch_end(self, *_: object) -> None:
            tick()

    pl.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        precision="bf16-mixed" if cell.precision == "bf16" else "32-true",
        callbacks=[Ticking()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    ).fit(Module(), loader)


def fastai(cell: Cell, data: Path, tick: Tick) -> None:
    """Train with fastai's Learner and fit_one_cycle, without its progress bar."""
    from fastai.callback import schedule  # noqa: F401 - adds fit_one_cycle to Learner
    from fastai.callback.core import Callback
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner
    from fastai.optimizer import SGD

    class Ticking(Callback):
        def after_batch(self) -> None:
            tick()

    class Autocast(Callback):  # fastai's own mixed precision is for CUDA
        def before_batch(self) -> None:
            self.context = autocast(CPU, cell.precision)
            self.context.__enter__()

        def after_loss(self) -> None:
            self.context.__exit__(None, None, None)

    loader = _loader(cell, data)
    learner = Learner(
        DataLoaders(loader, loader, device=CPU),
        _model(cell),
        loss_func=nn.CrossEntropyLoss(),
        opt_func=SGD,
        cbs=[Ticking(), Autocast()],
    )
    with learner.no_bar(), contextlib.redirect_stdout(None):
        learner.fit_one_cycle(EPOCHS, RATE, moms=(MOMENTUM,) * 3)


CONTESTANTS: dict[str, Callable[[Cell, Path, Tick], None]] = {
    "limit": limit,
    "seedwise": seedwise,
    "course": course,
    "lightning": lightning,
    "fastai": fastai,
}
PEERS = ("course", "lightning", "fastai")
NEEDS = {"lightning": "pytorch_lightning", "fastai": "fastai"}
"""Packages of peers that not everyone has installed."""


def missing() -> list[str]:
    """Return the contestants whose package is not installed."""
    return [name for name, package in NEEDS.items() if importlib.util.find_spec(package) is None]


warnings.filterwarnings("ignore")
logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)


def _set_up(cell: Cell, data: Path) -> SetUp:
    settings = RunSettings(
        dataset=DatasetSettings(),
        model=ModelSettings(name=cell.model),
        training=TrainingSettings(
            epochs=EPOCHS,
            batch_size=cell.batch_size,
            learning_rate=RATE,
            momentum=MOMENTUM,
            augmentation=("random_crop", "random_horizontal_flip") if cell.augment else (),
            precision=cell.precision,
            device="cpu",
            threads=cell.threads,
        ),
    )
    return set_up(settings, 0, prepared_file(data.parent))


def _model(cell: Cell) -> nn.Module:
    return build_model(ModelSettings(name=cell.model), channels=1, classes=10, size=28, seed=0)


def _loader(cell: Cell, data: Path) -> DataLoader:
    """Return the course's loader: torchvision's dataset and transforms, without workers (with them it was slower)."""
    steps = [*(course_style.AUGMENT if cell.augment else []), *course_style.NORMALISE]
    images = datasets.FashionMNIST(data / RAW, train=True, transform=transforms.Compose(steps))
    return DataLoader(images, batch_size=cell.batch_size, shuffle=True)


def _one_cycle(optimizer: torch.optim.Optimizer, loader: DataLoader) -> torch.optim.lr_scheduler.OneCycleLR:
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=RATE, total_steps=EPOCHS * len(loader), cycle_momentum=False
    )

"""The lines on an image classifier in the report's Setup section."""

from __future__ import annotations

from seedwise.runs.record import RunRecord
from seedwise.trainers.image_classifier.datasets import DATASETS
from seedwise.trainers.image_classifier.settings import RunSettings


def setup_lines(settings: RunSettings, record: RunRecord) -> dict[str, str]:
    """Return lines in plain words, by topic."""
    dataset, model, training, sizes = settings.dataset, settings.model, settings.training, record.sizes
    assert sizes, "the image classifier records them"
    name = DATASETS[dataset.name].title if dataset.name in DATASETS else dataset.name
    optimizer = f"{training.optimizer}, learning rate {training.learning_rate:g}"
    if training.optimizer == "sgd":
        optimizer += f", momentum {training.momentum:g}"
    if training.weight_decay:
        optimizer += f", weight decay {training.weight_decay:g}"
    return {
        "Dataset": f"{name}: {_count(sizes.train)} training, {_count(sizes.validation)} validation and "
        f"{_count(sizes.test)} test images",
        "Architecture": f"{model.name}, {_count(sizes.parameters)} parameters",
        "Optimizer": f"{optimizer}, {training.schedule} schedule, batch size {training.batch_size}",
        "Epochs": f"{training.epochs}; the last epoch's weights are tested, once",
    }


def _count(number: int) -> str:
    return f"{number:,}".replace(",", " ")  # digits in groups of three, as in ISO 31-0

"""Do runs with the same seed share luck? Correlation between variants at the same seed, for two ways of seeding.

    python benchmarks/correlation.py --seeds 20 --out benchmarks/correlation.json

Every variant is trained with every seed twice: with a named stream for each source of randomness, as in Seedwise, and
with one global generator that `set_seed` seeds once, as in most scripts. In both, the data, the split, the steps and
the arithmetic are the same; only the way of seeding differs. The correlation of test losses and
accuracies over seeds, between a variant and the baseline, shows how much luck they share; the variance of their
paired difference is smaller by the factor (1 - correlation). Needs the data: run `make study` once before.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from seedwise.basics.files import write_text
from seedwise.trainers.image_classifier.datasets import images
from seedwise.trainers.image_classifier.datasets.prepared import prepared_file
from seedwise.trainers.image_classifier.settings import DatasetSettings
from seedwise.trainers.image_classifier.training.augmentation import Augmentation, random_crop, random_horizontal_flip
from seedwise.trainers.image_classifier.training.batches import Examples, Parts, split, training_batches
from seedwise.trainers.image_classifier.training.loop import evaluate
from seedwise.trainers.image_classifier.training.seeding import Streams, initialise, set_seed, stream_seed

ROOT = Path(__file__).resolve().parent.parent
VARIANTS = ("baseline", "dropout", "augmentation", "wider layer", "added layer")
BATCH, RATE, TEST = 32, 0.05, 2000


class Net(nn.Module):
    """A small CNN; its second convolution can be wider, and it can have an additional layer in the middle."""

    def __init__(self, variant: str) -> None:
        super().__init__()
        width = 48 if variant == "wider layer" else 32
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, width, 3, padding=1)
        self.extra = nn.Conv2d(width, width, 3, padding=1) if variant == "added layer" else None
        self.hidden = nn.Linear(width * 49, 64)
        self.dropout = nn.Dropout(0.2 if variant == "dropout" else 0.0)
        self.head = nn.Linear(64, 10)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Map images (n, 1, 28, 28) to logits (n, 10)."""
        x = functional.relu(functional.max_pool2d(self.conv1(pixels), 2))
        x = functional.relu(functional.max_pool2d(self.conv2(x), 2))
        if self.extra is not None:
            x = functional.relu(self.extra(x))
        return self.head(self.dropout(functional.relu(self.hidden(x.flatten(1)))))


def global_batches(
    examples: Examples, augmentations: Sequence[Augmentation]
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Draw order and augmentation from the global generator, batch by batch, as a DataLoader in one process does."""
    for batch in torch.randperm(len(examples)).split(BATCH):
        pixels = examples.images[batch]
        for augment in augmentations:
            pixels = augment(pixels, torch.default_generator)
        yield pixels, examples.labels[batch]


def train(variant: str, seed: int, parts: Parts, epochs: int, *, named: bool) -> tuple[float, float]:
    """Train once; return test loss and accuracy."""
    set_seed(seed)
    model = Net(variant)
    if named:
        initialise(model, seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
    augmentations = [random_crop, random_horizontal_flip] if variant == "augmentation" else []
    for epoch in range(1, epochs + 1):
        model.train()
        if named:
            set_seed(stream_seed(seed, "dropout", epoch))
            batches = training_batches(parts.train, BATCH, augmentations, Streams(seed), epoch)
        else:
            batches = global_batches(parts.train, augmentations)
        for pixels, labels in batches:
            loss = functional.cross_entropy(model(parts.normalise(pixels)), labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
    result = evaluate(model, parts.test, parts.normalise, "fp32")
    return result.loss, result.accuracy


def main() -> None:
    """Train all variants; print and write the correlations."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="prepared data; default: Fashion-MNIST")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--images", type=int, default=800)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--out", type=Path, help="JSON file for the correlations")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data, _ = images.load(arguments.data or prepared_file(ROOT))
    parts = split(data, DatasetSettings(subset=arguments.images), 0, torch.device("cpu"))
    test = Examples(parts.test.images[:TEST], parts.test.labels[:TEST])
    parts = Parts(parts.train, parts.validation, test, parts.normalise, parts.classes)
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for seeding in ("named streams", "set_seed"):
        scores = {
            variant: np.array(
                [
                    train(variant, seed, parts, arguments.epochs, named=seeding == "named streams")
                    for seed in range(arguments.seeds)
                ]
            )
            for variant in VARIANTS
        }
        base = scores["baseline"]
        figures[seeding] = {}
        for variant in VARIANTS[1:]:
            loss, accuracy = (float(np.corrcoef(base[:, k], scores[variant][:, k])[0, 1]) for k in (0, 1))
            paired = float((scores[variant] - base)[:, 1].std(ddof=1))
            figures[seeding][variant] = {"loss": loss, "accuracy": accuracy, "paired_std_accuracy": paired}
            print(
                f"{seeding:14} {variant:14} loss {loss:+.2f}  accuracy {accuracy:+.2f}  paired std {paired:.4f}",
                flush=True,
            )
    if arguments.out:
        written = {"seeds": arguments.seeds, "images": arguments.images, "epochs": arguments.epochs, **figures}
        write_text(arguments.out, json.dumps(written, indent=2) + "\n")


if __name__ == "__main__":
    main()

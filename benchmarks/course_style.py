"""The comparison: the ablation as a course teaches it, in one plain script.

It uses torchvision's dataset, PIL transforms, DataLoader and W&B, and trains one run after another with two threads.
Model, settings and split sizes are those of the default study.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from pathlib import Path

os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_ERROR_REPORTING="false")

import numpy as np
import torch
import wandb
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

from seedwise.trainers.image_classifier.training.models import SmallCNN

NORMALISE = [transforms.ToTensor(), transforms.Normalize((0.2860,), (0.3530,))]
AUGMENT = [transforms.RandomCrop(28, padding=4), transforms.RandomHorizontalFlip()]
VARIANTS = {"baseline": ([], 0.0), "augment": (AUGMENT, 0.0), "dropout": ([], 0.2)}


def set_seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.manual_seed(seed)


def evaluate(model: nn.Module, loader: DataLoader) -> tuple[float, float]:
    model.eval()
    loss, correct, count = 0.0, 0, 0
    with torch.no_grad():
        for images, labels in loader:
            logits = model(images)
            loss += nn.functional.cross_entropy(logits, labels, reduction="sum").item()
            correct += (logits.argmax(1) == labels).sum().item()
            count += len(labels)
    return loss / count, correct / count


def train_epoch(model: nn.Module, loader: DataLoader, optimizer, schedule, on_batch=lambda: None) -> float:
    model.train()
    running = 0.0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        schedule.step()
        running += loss.item() * len(labels)
        on_batch()
    return running


def train(variant: str, seed: int, root: Path, epochs: int, workers: int, scratch: Path) -> float:
    augment, dropout = VARIANTS[variant]
    set_seed(seed)
    training = datasets.FashionMNIST(root, train=True, transform=transforms.Compose(augment + NORMALISE))
    plain = datasets.FashionMNIST(root, train=True, transform=transforms.Compose(NORMALISE))
    testing = datasets.FashionMNIST(root, train=False, transform=transforms.Compose(NORMALISE))
    order = torch.randperm(len(training)).tolist()
    train_loader = DataLoader(Subset(training, order[6000:]), batch_size=64, shuffle=True, num_workers=workers)
    validation_loader = DataLoader(Subset(plain, order[:6000]), batch_size=500, num_workers=workers)
    test_loader = DataLoader(testing, batch_size=500, num_workers=workers)

    model = SmallCNN(1, 10, 28, dropout)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.05, total_steps=epochs * len(train_loader), cycle_momentum=False
    )
    run = wandb.init(project="ablation", name=f"{variant}-seed{seed}", dir=scratch, config={"seed": seed})
    for epoch in range(epochs):
        running = train_epoch(model, train_loader, optimizer, schedule)
        validation_loss, validation_accuracy = evaluate(model, validation_loader)
        run.log(
            {"epoch": epoch, "train_loss": running / 54000, "val_loss": validation_loss, "val_acc": validation_accuracy}
        )
    _, accuracy = evaluate(model, test_loader)
    run.summary["test_accuracy"] = accuracy
    run.finish()
    return accuracy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path("data/fashion_mnist"), help="folder with FashionMNIST/raw")
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=0, help="DataLoader worker processes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    runs = []
    for variant in arguments.variants:
        for seed in arguments.seeds:
            began = time.perf_counter()
            accuracy = train(variant, seed, arguments.root, arguments.epochs, arguments.workers, arguments.out.parent)
            runs.append(
                {"variant": variant, "seed": seed, "accuracy": accuracy, "seconds": time.perf_counter() - began}
            )
            print(runs[-1], flush=True)
    arguments.out.write_text(json.dumps(runs, indent=1) + "\n")


if __name__ == "__main__":
    main()

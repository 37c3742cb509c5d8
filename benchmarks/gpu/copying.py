"""Data that stay on the card against data that are copied to it batch by batch: the same steps on both."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from benchmarks.gpu.plan import Section, settings
from benchmarks.gpu.steps import Turn, compare, epochs_of, forget_compiled, made, timed
from seedwise.trainers.image_classifier.training.setup import SetUp

Batches = Callable[[SetUp, int], Iterator[tuple[torch.Tensor, torch.Tensor]]]


def copying(section: Section) -> None:
    """Measure both, with small_cnn in bf16."""
    known = {row["batch"] for row in section.plan.known("copying")["rows"]}
    for batch in (16,) if section.plan.quick else (64, 512):
        if batch in known:
            continue
        if not section.enough(6, f"batch {batch}"):
            continue
        with section.guarded(f"batch {batch}"):
            compare(
                section,
                {"model": "small_cnn", "batch": batch},
                {
                    name: lambda batches=batches, batch=batch: _turn(section, batches, batch)
                    for name, batches in WAYS.items()
                },
                batch,
                "resident, as Seedwise does",
            )
        forget_compiled()


def _turn(section: Section, batches: Batches, batch: int) -> Turn:
    plan = section.plan
    run = made(plan, settings(plan, batch_size=batch, precision="fp32" if plan.quick else "bf16"))
    run.learner.model.train()
    source = batches(run, batch)

    def steps(n: int) -> None:
        for _ in range(n):
            images, labels = next(source)
            run.learner.step(run.learner.loss(images, labels, None))
            run.learner.schedule.step()

    return lambda n: timed(run.device, lambda: steps(n))


def _resident(run: SetUp, batch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    for epoch in range(10**6):
        yield from (pair for pair in epochs_of(run, batch, epoch) if len(pair[1]) == batch)


def _copied(run: SetUp, batch: int, pinned: bool) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Pick each batch in main memory and copy it, bytes only; from pinned memory without waiting for the copy."""
    images, labels = run.parts.train.images.cpu(), run.parts.train.labels.cpu()
    pinned = pinned and run.device.type == "cuda"
    while True:
        order = torch.randperm(len(labels))
        for start in range(0, len(labels) - batch + 1, batch):
            chosen = order[start : start + batch]
            pair = images[chosen], labels[chosen]
            if pinned:  # memory of its own for each batch; torch keeps it until the copy is done
                pair = pair[0].pin_memory(), pair[1].pin_memory()
            yield pair[0].to(run.device, non_blocking=pinned), pair[1].to(run.device, non_blocking=pinned)


def _loader(run: SetUp, batch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Let a DataLoader with two workers pick whole batches of bytes and pin them."""
    images, labels = run.parts.train.images.cpu(), run.parts.train.labels.cpu()

    class Pairs(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(labels)

        def __getitems__(self, chosen: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
            return images[chosen], labels[chosen]

    loader = torch.utils.data.DataLoader(
        Pairs(),
        batch,
        shuffle=True,
        drop_last=True,
        num_workers=2,
        collate_fn=lambda pair: pair,
        pin_memory=run.device.type == "cuda",
        persistent_workers=True,
    )
    while True:
        for pair in loader:
            yield tuple(part.to(run.device, non_blocking=True) for part in pair)


WAYS: dict[str, Batches] = {
    "resident, as Seedwise does": _resident,
    "copied, pageable": lambda run, batch: _copied(run, batch, pinned=False),
    "copied, pinned, without waiting": lambda run, batch: _copied(run, batch, pinned=True),
    "copied by a DataLoader, 2 workers": _loader,
}

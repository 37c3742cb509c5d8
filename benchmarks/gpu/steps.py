"""Ways to take training steps, each measured by itself: bare loops, Seedwise's own, Lightning's, captured ones."""

from __future__ import annotations

import logging
import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from benchmarks.gpu.plan import Plan, Section
from seedwise.trainers.image_classifier.settings import RunSettings
from seedwise.trainers.image_classifier.training.batches import Examples, training_batches
from seedwise.trainers.image_classifier.training.loop import autocast, train_epoch
from seedwise.trainers.image_classifier.training.setup import SetUp, set_up

RATE, MOMENTUM = 0.05, 0.9
Turn = Callable[[int], float]
"""Takes so many steps and returns the seconds that they took, work on the device included."""

warnings.filterwarnings("ignore")


def wait(device: torch.device) -> None:
    """Wait until the device has done everything."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def timed(device: torch.device, work: Callable[[], object]) -> float:
    """Return the seconds of some work."""
    wait(device)
    began = time.perf_counter()
    work()
    wait(device)
    return time.perf_counter() - began


def made(plan: Plan, settings: RunSettings) -> SetUp:
    """Set a run up as Seedwise does."""
    return set_up(settings, 0, plan.data, lambda _: None)


def ready_batches(run: SetUp, batch: int, most: int = 32) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return normalised batches on the device, as many as there are, up to `most`."""
    train = run.parts.train
    count = min(most, len(train) // batch)
    return [
        (run.learner.normalise(train.images[i * batch : (i + 1) * batch]), train.labels[i * batch : (i + 1) * batch])
        for i in range(count)
    ]


def bare(plan: Plan, settings: RunSettings, compiled: str | None = None, tuned: bool = False) -> Turn:
    """Forward, backward and step on ready batches: no pipeline, augmentation or schedule.

    Args:
        plan: the device and the data.
        settings: model, batch size and precision.
        compiled: mode of torch.compile, if any.
        tuned: with the fused optimizer and cuDNN's search for the fastest algorithm, which may not be deterministic.
    """
    run = made(plan, settings)
    model, batches = run.learner.model, cycle(ready_batches(run, settings.training.batch_size))
    if compiled is not None:
        model.compile(mode=compiled, dynamic=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM, fused=tuned or None)
    model.train()

    def steps(n: int) -> None:
        for images, labels in islice(batches, n):
            with autocast(run.device, run.learner.precision):
                loss = cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()

    def turn(n: int) -> float:
        before = torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic
        if tuned:
            torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = True, False
        try:
            return timed(run.device, lambda: steps(n))
        finally:
            torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = before

    return turn


def seedwise(plan: Plan, settings: RunSettings) -> Turn:
    """Train with the loop of a Seedwise run: batches picked and normalised on the device, schedule, losses."""
    run = made(plan, settings)
    epochs = iter(range(1, settings.training.epochs))

    def turn(n: int) -> float:
        examples = first(run.parts.train, n * settings.training.batch_size)
        return timed(run.device, lambda: train_epoch(run.learner, examples, streams=run.streams, epoch=next(epochs)))

    return turn


def first(examples: Examples, n: int) -> Examples:
    """Return n examples, from the start again where there are fewer."""
    if n <= len(examples):
        return Examples(examples.images[:n], examples.labels[:n])
    chosen = torch.arange(n, device=examples.labels.device) % len(examples)
    return Examples(examples.images[chosen], examples.labels[chosen])


class Step:
    """A whole training step of one or several models (forward, backward, optimizer), captured as one CUDA graph.

    Images come as (models, batch, channels, height, width). Where there is no CUDA, or for a batch of another size than
    the captured one, the same step is run operation by operation. The learning rate and the sums of losses are tensors
    on the device, because a graph replays what it has recorded, numbers included.
    """

    def __init__(
        self,
        model: Callable[[torch.Tensor], torch.Tensor],
        tensors: Sequence[torch.Tensor],
        buffers: Sequence[torch.Tensor],
        normalise: Callable[[torch.Tensor], torch.Tensor],
        shape: tuple[int, ...],
        device: torch.device,
        precision: str,
        capture: bool,
    ) -> None:
        self._model, self._normalise, self._device, self._precision = model, normalise, device, precision
        self._images = torch.randint(0, 256, shape, dtype=torch.uint8, device=device)
        self._labels = torch.zeros(shape[:2], dtype=torch.int64, device=device)
        self.rate = torch.tensor(RATE, device=device)
        self.losses = torch.zeros(shape[0], device=device)
        self._optimizer = torch.optim.SGD(tensors, lr=self.rate, momentum=MOMENTUM, fused=True)
        self._kept = [*tensors, *buffers]
        self._graph = self._captured() if capture and device.type == "cuda" else None

    @property
    def captured(self) -> bool:
        """Whether the step is a CUDA graph."""
        return self._graph is not None

    def __call__(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        """Take one step."""
        if self._graph is None or labels.shape != self._labels.shape:
            self._step(images, labels)
            return
        self._images.copy_(images)
        self._labels.copy_(labels)
        self._graph.replay()

    def _step(self, images: torch.Tensor, labels: torch.Tensor) -> None:
        self._optimizer.zero_grad(set_to_none=True)
        # Without the cache of converted weights, which must not outlive a capture.
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._precision == "bf16", cache_enabled=False):
            logits = self._model(self._normalise(images))
            each = cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none").view(labels.shape)
        each.mean(1).sum().backward()
        self._optimizer.step()
        self.losses.add_(each.detach().sum(1))

    def _captured(self) -> torch.cuda.CUDAGraph:
        before = [tensor.detach().clone() for tensor in self._kept]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):  # makes what is made once: momentum buffers, cuDNN's and cuBLAS's workspaces
                self._step(self._images, self._labels)
        torch.cuda.current_stream().wait_stream(stream)
        self._optimizer.zero_grad(set_to_none=True)  # so that the graph makes gradients in its own memory
        graph = torch.cuda.CUDAGraph()
        # Threads that load data may go on meanwhile.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self._step(self._images, self._labels)
        with torch.no_grad():  # undo the warm-up; a momentum of zero is that of a first step
            for tensor, value in zip(self._kept, before, strict=True):
                tensor.copy_(value)
            for state in self._optimizer.state.values():
                state["momentum_buffer"].zero_()
            self.losses.zero_()
        return graph


def single(run: SetUp, batch: int, capture: bool = True) -> Step:
    """Return the captured step of the one model of a run."""
    model, train = run.learner.model, run.parts.train
    model.train()
    return Step(
        lambda images: model(images[0])[None],
        list(model.parameters()),
        list(model.buffers()),
        lambda images: run.learner.normalise(images[0])[None],
        (1, batch, *train.images.shape[1:]),
        run.device,
        run.learner.precision,
        capture,
    )


def captured(plan: Plan, settings: RunSettings) -> Turn:
    """A prototype: Seedwise's batches and schedule, with the whole step captured as one CUDA graph."""
    run = made(plan, settings)
    step = single(run, settings.training.batch_size)
    epochs = iter(range(1, settings.training.epochs))

    def steps(n: int) -> None:
        examples = first(run.parts.train, n * settings.training.batch_size)
        batches = training_batches(
            examples, settings.training.batch_size, run.learner.augmentations, run.streams, next(epochs)
        )
        for images, labels in batches:
            step.rate.fill_(RATE)  # as a schedule does
            step(images[None], labels[None])

    return lambda n: timed(run.device, lambda: steps(n))


def lightning(plan: Plan, settings: RunSettings, workers: int | None) -> Turn:
    """Train with PyTorch Lightning's Trainer, without logger, checkpoints and progress bar.

    Args:
        plan: the device and the data.
        settings: model, batch size and precision.
        workers: of a DataLoader with torchvision's transforms; None: ready batches, already on the device.
    """
    import pytorch_lightning as pl

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)  # after its import, which sets a level, too
    run = made(plan, settings)
    batch = settings.training.batch_size
    # A long list, because Lightning does more at the end of an epoch than Seedwise.
    loader = (
        torch.utils.data.DataLoader(ready_batches(run, batch) * 40, batch_size=None)
        if workers is None
        else image_loader(run, batch, workers)
    )
    skipped = 3 + 2 * (workers or 0)  # batches that the workers make before the clock starts

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = run.learner.model

        def training_step(self, given: list[torch.Tensor], _: int) -> torch.Tensor:
            images, labels = given
            return cross_entropy(self.model(images), labels)

        def configure_optimizers(self) -> dict[str, object]:
            optimizer = torch.optim.SGD(self.parameters(), lr=RATE, momentum=MOMENTUM)
            schedule = torch.optim.lr_scheduler.OneCycleLR(
                optimizer, max_lr=RATE, total_steps=10**6, cycle_momentum=False
            )
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    class Clock(pl.Callback):
        def __init__(self, steps: int) -> None:
            self.seen, self.last, self.began, self.seconds = 0, skipped + steps, 0.0, 0.0

        def on_train_batch_end(self, *_: object) -> None:
            self.seen += 1
            if self.seen == skipped:
                wait(run.device)
                self.began = time.perf_counter()
            elif self.seen == self.last:
                wait(run.device)
                self.seconds = time.perf_counter() - self.began

    module = Module()

    def turn(n: int) -> float:
        steps = n if workers is None else min(max(n, 30), 60)
        clock = Clock(steps)
        pl.Trainer(
            max_steps=clock.last,
            max_epochs=-1,
            accelerator="gpu" if plan.device == "cuda" else "cpu",
            devices=1,
            precision="bf16-mixed" if run.learner.precision == "bf16" else "32-true",
            callbacks=[clock],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        ).fit(module, loader)
        return clock.seconds * n / steps

    return turn


def image_loader(run: SetUp, batch: int, workers: int) -> torch.utils.data.DataLoader:
    """Return the loader that users of torchvision write: one image at a time, with its transforms, in workers."""
    from torchvision import transforms

    convert = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.2860,), (0.3530,))])

    class Images(torch.utils.data.Dataset):
        def __init__(self, examples: Examples) -> None:
            self.images = examples.images.permute(0, 2, 3, 1).cpu().numpy()
            self.labels = examples.labels.tolist()

        def __len__(self) -> int:
            return len(self.labels)

        def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
            return convert(self.images[i]), self.labels[i]

    return torch.utils.data.DataLoader(
        Images(run.parts.train),
        batch,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        pin_memory=run.device.type == "cuda",
    )


def compare(
    section: Section,
    what: dict[str, Any],
    ways: dict[str, Callable[[], Turn]],
    batch: int,
    reference: str,
    models: dict[str, int] | None = None,
    slow: dict[str, float] | None = None,
) -> None:
    """Let ways to train take turns, and add a row: images per second of each, and the ratio to a reference.

    Args:
        section: where the row goes.
        what: what the row is about.
        ways: the contestants, as functions that make them.
        batch: images per step and model.
        reference: the contestant that the others are divided by.
        models: how many models a contestant trains at once, where it is not one.
        slow: seconds that the making of a contestant may take (compilation); it is left out if fewer are left.
    """
    quick, models, slow = section.plan.quick, models or {}, slow or {}
    turns: dict[str, Turn] = {}
    warm_up, failed = {}, {}
    label = ", ".join(str(value) for value in what.values())
    for name, make in ways.items():
        if name in slow and not section.enough(slow[name], f"{label}: {name}"):
            failed[name] = "no time"
            continue
        began = time.perf_counter()
        with section.guarded(f"{label}: {name}"):
            turn = make()
            turn(2 if quick else 6)  # warm-up; CUDA graphs of torch.compile are recorded in the second step
            turns[name], warm_up[name] = turn, time.perf_counter() - began
        if name not in turns:
            failed[name] = "failed, see the notes"
    if reference not in turns:
        section.row(**what, failed=failed)
        return
    trial = turns[reference](2 if quick else 20) / (2 if quick else 20)
    steps = 2 if quick else max(10, min(600, round(0.2 / trial)))
    seconds: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(2 if quick else 4):
        if reference not in turns or (section.left < 5 and seconds[reference]):
            break
        for name in list(turns):
            with section.guarded(f"{label}: {name}"):
                seconds[name].append(turns[name](steps))
                continue
            failed[name] = "failed, see the notes"
            del turns[name], seconds[name]
    if not seconds.get(reference):
        section.row(**what, failed=failed)
        return
    rounds = len(seconds[reference])
    section.row(
        **what,
        steps=steps,
        rounds=rounds,
        images_per_second={
            name: round(models.get(name, 1) * steps * batch / statistics.median(one)) for name, one in seconds.items()
        },
        times_the_reference={
            name: round(
                statistics.median(
                    models.get(name, 1) / models.get(reference, 1) * theirs / own
                    for theirs, own in zip(seconds[reference], one, strict=True)
                ),
                3,
            )
            for name, one in seconds.items()
        },
        spread={name: round(max(one) / min(one) - 1, 3) for name, one in seconds.items()},
        reference=reference,
        warm_up_seconds={name: round(value, 2) for name, value in warm_up.items()},
        failed=failed,
    )


def compiler_counts() -> dict[str, Any]:
    """Return what torch.compile counted: recompilations, graph breaks, and CUDA graphs that it did not use."""
    from torch._dynamo.utils import counters

    return {
        "graph_breaks": dict(counters["graph_break"]),
        "inductor": {name: count for name, count in counters["inductor"].items() if "cudagraph" in name},
        "unique_graphs": counters["stats"].get("unique_graphs"),
    }


def forget_compiled() -> None:
    """Free what was compiled, so that one cell's models do not make the next one recompile."""
    import gc

    torch._dynamo.reset()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def epochs_of(run: SetUp, batch: int, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield the batches of one epoch of a run."""
    return training_batches(run.parts.train, batch, run.learner.augmentations, run.streams, epoch)

"""An experiment: all seeds of a variant as one batched model, against the same runs one by one."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import conv2d, cross_entropy, dropout, max_pool2d, relu

from benchmarks.gpu.plan import Plan, Section, settings
from benchmarks.gpu.steps import RATE, Step, Turn, compare, epochs_of, forget_compiled, seedwise, timed, wait
from benchmarks.gpu.study import SINGLES, study_jobs
from seedwise.trainers.image_classifier.settings import ModelSettings, RunSettings
from seedwise.trainers.image_classifier.training.loop import evaluate
from seedwise.trainers.image_classifier.training.models import build_model
from seedwise.trainers.image_classifier.training.seeding import set_seed, stream_seed
from seedwise.trainers.image_classifier.training.setup import SetUp, set_up


class Looped:
    """Models that are called one after another, for comparison."""

    def __init__(self, models: Sequence[nn.Module]) -> None:
        self._models = models
        self.tensors = [tensor for model in models for tensor in model.parameters()]

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Map (models, batch, channels, height, width) to logits (models, batch, classes)."""
        return torch.stack([model(own) for model, own in zip(self._models, images, strict=True)])

    def write_back(self) -> None:
        """Do nothing: the models themselves were trained."""


class Vmapped:
    """Models of one architecture as one: their parameters stacked, and called by `vmap`."""

    def __init__(self, models: Sequence[nn.Module]) -> None:
        self._models = models
        parameters, self._buffers = stack_module_state(list(models))
        self._parameters = {name: stacked.detach().clone().requires_grad_() for name, stacked in parameters.items()}
        base = copy.deepcopy(models[0]).to("meta")

        def call(parameters: Any, buffers: Any, images: torch.Tensor) -> torch.Tensor:
            return functional_call(base, (parameters, buffers), (images,))

        self._call = vmap(call, randomness="different")
        self.tensors = list(self._parameters.values())

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Map (models, batch, channels, height, width) to logits (models, batch, classes)."""
        return self._call(self._parameters, self._buffers, images)

    @torch.no_grad()
    def write_back(self) -> None:
        """Copy what was learned into the models."""
        for i, model in enumerate(self._models):
            for name, parameter in model.named_parameters():
                parameter.copy_(self._parameters[name][i])


class Grouped:
    """SmallCNNs as one: convolutions with a group for each model, and batched matrix products."""

    def __init__(self, models: Sequence[nn.Module]) -> None:
        self._models, self._n = models, len(models)
        self._p = models[0].dropout.p
        states = [dict(model.named_parameters()) for model in models]

        def joined(name: str, join: Callable) -> torch.Tensor:
            return join([state[name].detach() for state in states]).clone().requires_grad_()

        self._convs = [(joined(f"conv{i}.weight", torch.cat), joined(f"conv{i}.bias", torch.cat)) for i in (1, 2, 3)]
        self._linears = [
            (joined(f"{name}.weight", torch.stack), joined(f"{name}.bias", torch.stack)) for name in ("hidden", "head")
        ]
        self.tensors = [tensor for pair in (*self._convs, *self._linears) for tensor in pair]

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Map (models, batch, channels, height, width) to logits (models, batch, classes)."""
        n, batch = images.shape[:2]
        x = images.transpose(0, 1).flatten(1, 2).contiguous(memory_format=torch.channels_last)
        for weight, bias in self._convs:
            x = relu(max_pool2d(conv2d(x, weight, bias, padding=1, groups=n), 2))
        x = x.reshape(batch, n, -1).transpose(0, 1)
        (weight, bias), (head, head_bias) = self._linears
        x = relu(torch.baddbmm(bias[:, None], x, weight.transpose(1, 2)))
        x = dropout(x, self._p, training=True)
        return torch.baddbmm(head_bias[:, None], x, head.transpose(1, 2))

    @torch.no_grad()
    def write_back(self) -> None:
        """Copy what was learned into the models."""
        for i, model in enumerate(self._models):
            for number, pair in zip((1, 2, 3), self._convs, strict=True):
                conv = getattr(model, f"conv{number}")
                for target, source in zip((conv.weight, conv.bias), pair, strict=True):
                    target.copy_(source.chunk(self._n)[i])
            for name, pair in zip(("hidden", "head"), self._linears, strict=True):
                linear = getattr(model, name)
                for target, source in zip((linear.weight, linear.bias), pair, strict=True):
                    target.copy_(source[i])


WAYS: dict[str, Callable[[Sequence[nn.Module]], Any]] = {"vmap": Vmapped, "grouped": Grouped, "looped": Looped}


def batched(section: Section) -> None:
    """Compare gradients, speed and whole trainings of batched models with those of single ones."""
    plan = section.plan
    known = plan.known("batched")
    if "gradients" not in known:
        with section.guarded("gradients"):
            section.put(gradients=_gradients(plan))
    precision = "fp32" if plan.quick else "bf16"
    measured = {row["models"] for row in known["rows"]}
    for models in (2,) if plan.quick else (3, 9):
        if models in measured:
            continue
        if not section.enough(8, f"{models} models"):
            continue
        with section.guarded(f"{models} models"):
            chosen = settings(plan, batch_size=16 if plan.quick else 64, precision=precision)
            runs = _setups(plan, chosen, (0, 1, 2))
            ways: dict[str, Callable[[], Turn]] = {"seedwise, one model": partial(seedwise, plan, chosen)}
            for name in WAYS:
                ways[f"{name}, captured"] = partial(_turn, runs, name, models, True)
            for name in () if plan.quick else ("vmap", "grouped"):
                ways[name] = partial(_turn, runs, name, models, False)
            compare(
                section,
                {"models": models, "batch": chosen.training.batch_size, "precision": precision},
                ways,
                chosen.training.batch_size,
                "seedwise, one model",
                models={name: models for name in ways if name != "seedwise, one model"},
            )
        forget_compiled()
    _whole_study(section)


def _whole_study(section: Section) -> None:
    """Train the default study with the seeds of each variant batched, and compare accuracies with the single runs."""
    plan = section.plan
    file = plan.scratch / SINGLES
    singles = json.loads(file.read_text()) if file.exists() else []
    singles = singles or [run for row in plan.known("study")["rows"] for run in row["runs"]]
    known = plan.known("batched")
    trained: dict[str, Any] = known.get("study", {})
    rows = section.found["rows"] or known["rows"]
    speed = rows[0].get("images_per_second", {}) if rows else {}
    for name in sorted(WAYS, key=lambda way: -speed.get(f"{way}, captured", 0)):  # the fastest first
        if name in trained:
            continue
        by_variant: dict[str, list[tuple[int, RunSettings]]] = {}
        for job in study_jobs(plan)[:: 3 if plan.quick else 1]:
            by_variant.setdefault(job.variant, []).append((job.seed, job.settings))
        expected = 1.3 * max((found["seconds"] for found in trained.values()), default=6 + 2 * plan.epochs)
        if not section.enough(expected, f"study, {name}"):
            continue
        with section.guarded(f"study, {name}"):
            began = time.perf_counter()
            arms = [
                {"variant": variant, **_train(plan, name, variant, runs, singles)}
                for variant, runs in by_variant.items()
            ]
            trained[name] = {"seconds": round(time.perf_counter() - began, 2), "arms": arms}
            section.put(study=trained)


def _setups(plan: Plan, chosen: RunSettings, seeds: Sequence[int]) -> list[SetUp]:
    return [set_up(chosen, seed, plan.data, lambda _: None) for seed in seeds]


def _step(runs: Sequence[SetUp], way: str, batch: int, capture: bool) -> tuple[Any, Step]:
    """Return the models of some runs as one, and their common step."""
    normals = [run.learner.normalise for run in runs]
    mean, std = (torch.stack([getattr(one, name) for one in normals]) for name in ("mean", "std"))
    for run in runs:
        run.learner.model.train()
    model = WAYS[way]([run.learner.model for run in runs])
    shape = (len(runs), batch, *runs[0].parts.train.images.shape[1:])

    def normalise(images: torch.Tensor) -> torch.Tensor:
        return (images.float() - mean) / std

    return model, Step(model, model.tensors, [], normalise, shape, runs[0].device, runs[0].learner.precision, capture)


def _turn(runs: Sequence[SetUp], way: str, models: int, capture: bool) -> Turn:
    """Return a turn of a batched model whose data come as in runs: each model has its own order of its own split."""
    copies = [replace(run, learner=replace(run.learner, model=copy.deepcopy(run.learner.model))) for run in runs]
    copies += [replace(one, learner=replace(one.learner, model=copy.deepcopy(one.learner.model))) for one in copies * 2]
    copies = copies[:models]
    device, batch = runs[0].device, runs[0].learner.training.batch_size
    _, step = _step(copies, way, batch, capture)

    def endless() -> Iterator[tuple[tuple[torch.Tensor, torch.Tensor], ...]]:
        for epoch in range(1, 10**6):
            for parts in zip(*(epochs_of(one, batch, epoch) for one in copies), strict=False):
                if len(parts[0][1]) == batch:
                    yield parts

    source = endless()

    def steps(n: int) -> None:
        for _ in range(n):
            parts = next(source)
            step.rate.fill_(RATE)
            step(torch.stack([images for images, _ in parts]), torch.stack([labels for _, labels in parts]))

    return lambda n: timed(device, lambda: steps(n))


def _train(
    plan: Plan, way: str, variant: str, runs: Sequence[tuple[int, RunSettings]], singles: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Train all seeds of a variant together; return seconds and, by seed, accuracy beside the single run's."""
    began = time.perf_counter()
    seeds, chosen = [seed for seed, _ in runs], runs[0][1]
    made_runs = _setups(plan, chosen, seeds)
    training = chosen.training
    model, step = _step(made_runs, way, training.batch_size, capture=True)
    device, first = made_runs[0].device, made_runs[0].learner
    wait(device)
    set_up_seconds = time.perf_counter() - began

    began = time.perf_counter()
    for epoch in range(1, training.epochs + 1):
        set_seed(stream_seed(seeds[0], "dropout", epoch))
        for parts in zip(*(epochs_of(run, training.batch_size, epoch) for run in made_runs), strict=True):
            step.rate.fill_(first.optimizer.param_groups[0]["lr"])
            step(torch.stack([images for images, _ in parts]), torch.stack([labels for _, labels in parts]))
            first.schedule.step()
    wait(device)
    train_seconds = time.perf_counter() - began

    began = time.perf_counter()
    model.write_back()
    tests = [
        evaluate(run.learner.model, run.parts.test, run.learner.normalise, run.learner.precision) for run in made_runs
    ]
    alone = {(run["variant"], run["seed"]): run for run in singles if "failed" not in run}
    return {
        "captured": step.captured,
        "set_up_seconds": round(set_up_seconds, 2),
        "train_seconds": round(train_seconds, 2),
        "evaluate_seconds": round(time.perf_counter() - began, 2),
        "images_per_second": round(len(seeds) * training.epochs * len(made_runs[0].parts.train) / train_seconds),
        "test_accuracy": {seed: round(test.accuracy, 4) for seed, test in zip(seeds, tests, strict=True)},
        "alone": {
            seed: round(alone[variant, seed]["metrics"]["test_accuracy"], 4)
            for seed in seeds
            if (variant, seed) in alone and alone[variant, seed]["metrics"]["test_accuracy"] is not None
        },
    }


def _gradients(plan: Plan) -> dict[str, float]:
    """Return the relative difference between the gradients of batched models and those of the models by themselves."""
    differences = {}
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False  # which would hide a mistake behind its rounding
    try:
        for way in WAYS:
            models = [
                build_model(ModelSettings(), channels=1, classes=10, size=28, seed=seed).to(plan.device).train()
                for seed in range(3)
            ]
            device = next(models[0].parameters()).device
            generator = torch.Generator().manual_seed(0)
            images = torch.randn(3, 32, 1, 28, 28, generator=generator).to(device)
            labels = torch.randint(0, 10, (3, 32), generator=generator).to(device)
            expected = []
            for model, own, right in zip(models, images, labels, strict=True):
                gradients = torch.autograd.grad(cross_entropy(model(own), right), list(model.parameters()))
                expected.append(torch.cat([gradient.flatten() for gradient in gradients]).double())
            start = [_flat(model) for model in models]
            joined = WAYS[way](models)
            each = cross_entropy(joined(images).flatten(0, 1), labels.flatten(), reduction="none")
            each.view(labels.shape).mean(1).sum().backward()
            with torch.no_grad():
                for tensor in joined.tensors:
                    tensor.sub_(tensor.grad)
            joined.write_back()
            found = [one - _flat(model) for one, model in zip(start, models, strict=True)]
            differences[way] = max(
                float((one - right).norm() / right.norm()) for one, right in zip(found, expected, strict=True)
            )
    finally:
        torch.backends.cudnn.allow_tf32 = before
    return differences


def _flat(model: nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()]).double()

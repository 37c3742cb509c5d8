"""What no key of a config can check alone: unique names, a baseline and a metric that exist, looks that fit."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from seedwise.basics.names import not_known, quote, unknown_key
from seedwise.basics.sections import seen
from seedwise.config.evaluations import evaluation_problems
from seedwise.config.overrides import is_program
from seedwise.plan import MOST_LOOKS
from seedwise.sources.settings import RESERVED
from seedwise.trainers.command.checks import program_problems
from seedwise.trainers.image_classifier.metrics import HISTORY, METRIC_NAMES, METRICS

Location = tuple[str | int, ...]

HIGHER_IS_BETTER: Location = ("analysis", "higher_is_better")
METRIC_NAMES_IN_WANDB: Location = ("tracking", "wandb", "metric_names")
_KNOWN = {metric.name: metric for metric in METRICS}


def with_trainers_defaults(plan: Mapping[Any, Any]) -> dict[Any, Any]:
    """Fill in what the trainer knows: the metric that it compares by default, and which way its metrics are better."""
    filled = {"metric": METRICS[0].name, **plan}
    known = _KNOWN.get(filled["metric"]) if isinstance(filled["metric"], str) else None
    return filled if known is None else {"higher_is_better": known.higher_is_better, **filled}


def without_mirrors(config: Mapping[Any, Any]) -> dict[Any, Any]:
    """Switch W&B off where the config of a program does not mention it: starting it takes longer than a short run."""
    tracking = config.get("tracking", {})
    wandb = tracking.get("wandb", {}) if isinstance(tracking, Mapping) else None
    if not isinstance(wandb, Mapping) or "mode" in wandb:
        return dict(config)
    return {**config, "tracking": {**tracking, "wandb": {"mode": "disabled" if not wandb else "offline", **wandb}}}


def cross_problems(
    names: Sequence[object],
    seeds: Sequence[object],
    plan: Mapping[str, object],
    *,
    pulled: bool,
    renamed: object = None,
    config: Mapping[Any, Any] | None = None,
) -> list[tuple[Location, str]]:
    """Check what no key can check alone.

    Values may be raw: those of a wrong type are passed over, so that a config with errors elsewhere is checked as far
    as it can be.

    Args:
        names: of the variants.
        seeds: of the study.
        plan: the `analysis` section.
        pulled: whether the runs were recorded elsewhere; these have any metrics.
        renamed: what W&B calls the columns of the history, by their own name.
        config: the whole config, for what concerns a user's own program.

    Returns:
        The location and the message of each problem.
    """
    config = config or {}
    program = is_program(config)
    return [
        *_variant_problems(names),
        *_label_problems(config.get("variants")),
        *_seed_problems(seeds),
        *_baseline_problems(names, plan.get("baseline")),
        *(_open_metric_problems(plan) if program else _metric_problems(plan, pulled)),
        *_question_problems(plan),
        *_looks_problems(plan.get("looks"), len(seeds)),
        *_tuning_problems(names, plan.get("tuned_on")),
        *([] if program else _renaming_problems(renamed)),
        *program_problems(config),
        *evaluation_problems(config, plan),
        *_variants_of_programs(config, program),
        *_thread_problems(config, program),
    ]


def _variant_problems(names: Sequence[object]) -> Iterable[tuple[Location, str]]:
    folders: dict[str, str] = {}  # on macOS and Windows, names that differ only in case are one folder
    for index, name in enumerate(names):
        if not isinstance(name, str):
            continue
        if name.lower() in folders:
            first = folders[name.lower()]
            twice = f"{quote(name)} twice"
            found = twice if first == name else f"{quote(first)} and {quote(name)}, which differ only in case"
            yield ("variants", index, "name"), f"found {found}; variant names must be unique"
        folders[name.lower()] = name


def _label_problems(variants: object) -> Iterable[tuple[Location, str]]:
    """Refuse labels that look alike: no reader could tell which of the variants a verdict is about."""
    known: dict[str, str] = {}
    given = variants if isinstance(variants, (list, tuple)) else ()
    names = {
        seen(name).casefold(): name
        for one in given
        if isinstance(one, Mapping) and isinstance(one.get("label"), str) and isinstance(name := one.get("name"), str)
    }
    for index, variant in enumerate(given):
        name, label = (variant.get("name"), variant.get("label")) if isinstance(variant, Mapping) else (None, None)
        shown = label if isinstance(label, str) else name
        if not isinstance(name, str) or not isinstance(shown, str) or not seen(shown):
            continue
        other = known.setdefault(seen(shown).casefold(), name)
        if other == name and (called := names.get(seen(shown).casefold(), name)) != name:
            found = quote(" ".join(shown.split()))
            text = f"found {found}, the name of another variant ({called}); give it another label"
            yield ("variants", index, "label"), text
        if other.lower() != name.lower():  # else the names are refused
            key = "label" if isinstance(label, str) else "name"
            yield (
                ("variants", index, key),
                f"found {quote(' '.join(shown.split()))}, which {other} is called too; give each its own label",
            )


def _seed_problems(seeds: Sequence[object]) -> Iterable[tuple[Location, str]]:
    for index, text in _repeated(seeds):
        yield ("seeds", index), text


def _repeated(seeds: Sequence[object]) -> Iterable[tuple[int, str]]:
    numbers: set[int] = set()
    for index, seed in enumerate(seeds):
        if isinstance(seed, bool) or not isinstance(seed, int):
            continue
        if seed in numbers:
            yield index, f"found {seed} twice; seeds must be unique"
        numbers.add(seed)


def _baseline_problems(names: Sequence[object], baseline: object) -> Iterable[tuple[Location, str]]:
    variants = [name for name in names if isinstance(name, str)]
    if isinstance(baseline, str) and variants and len(variants) == len(names) and baseline not in variants:
        yield ("analysis", "baseline"), not_known(baseline, variants, "Variants")


def _metric_problems(plan: Mapping[str, object], pulled: bool) -> Iterable[tuple[Location, str]]:
    metric, higher = plan.get("metric", METRICS[0].name), plan.get("higher_is_better")
    if not isinstance(metric, str) or not metric:
        return
    known = _KNOWN.get(metric)
    if known is None and not pulled:
        yield ("analysis", "metric"), not_known(metric, METRIC_NAMES, "Metrics")
    elif metric in RESERVED:
        yield ("analysis", "metric"), f"found {quote(metric)}, which says which run it is; name a metric"
    elif known is None and "higher_is_better" not in plan:
        yield HIGHER_IS_BETTER, f"missing; {metric} is not a metric of the trainer: say true or false"
    elif known is not None and isinstance(higher, bool) and higher != known.higher_is_better:
        better, fit = ("higher", "true") if known.higher_is_better else ("lower", "false")
        found = str(higher).lower()
        yield HIGHER_IS_BETTER, f"found {found}, but a {better} {metric} is better; write {fit}, or leave the key out"


def _open_metric_problems(plan: Mapping[str, object]) -> Iterable[tuple[Location, str]]:
    """Check the metric of a program, which has no default and no known direction."""
    metric = plan.get("metric")
    if metric is None:
        yield ("analysis", "metric"), "missing; name the metric of your program that decides, as in metric: val_loss"
    elif isinstance(metric, str) and metric in RESERVED:
        yield ("analysis", "metric"), f"found {quote(metric)}, which says which run it is; name a metric"
    if "higher_is_better" not in plan:
        yield HIGHER_IS_BETTER, "missing; say true for a score such as an accuracy, false for a loss or an error"


def _variants_of_programs(config: Mapping[Any, Any], program: bool) -> Iterable[tuple[Location, str]]:
    variants = config.get("variants")
    for index, variant in enumerate(variants if isinstance(variants, (list, tuple)) else ()):
        for key in ("revision", "environment"):
            if not program and isinstance(variant, Mapping) and variant.get(key) is not None:
                yield (
                    ("variants", index, key),
                    "only for a program of your own, a command: or a function:",
                )


def _thread_problems(config: Mapping[Any, Any], program: bool) -> Iterable[tuple[Location, str]]:
    resources = config.get("resources")
    run = resources.get("train_run") if isinstance(resources, Mapping) else None
    if not program and isinstance(run, Mapping) and run.get("threads") is not None:
        yield (
            ("resources", "train_run", "threads"),
            "only for a program of your own; the image classifier has training.threads, on which its results depend",
        )


def _question_problems(plan: Mapping[str, object]) -> Iterable[tuple[Location, str]]:
    if plan.get("question") == "non-inferiority" and plan.get("margin") is None:
        yield ("analysis", "question"), "non-inferiority needs analysis.margin, by which a variant may be worse"


def _looks_problems(looks: object, seeds: int) -> Iterable[tuple[Location, str]]:
    if not isinstance(looks, (list, tuple)) or not looks:
        return
    place = ("analysis", "looks")
    if len(looks) > MOST_LOOKS:
        yield place, f"found {len(looks)} looks; at most {MOST_LOOKS} leave enough for each"
    if any(isinstance(look, bool) or not isinstance(look, int) for look in looks):
        return
    for index, (before, look) in enumerate(itertools.pairwise(looks), start=1):
        if look <= before:
            yield (*place, index), f"found {look} after {before}; looks are numbers of seeds that increase"
    if seeds and looks[-1] != seeds:
        yield (*place, len(looks) - 1), f"found {looks[-1]}; the last look has all seeds, of which there are {seeds}"


def _tuning_problems(names: Sequence[object], tuned_on: object) -> Iterable[tuple[Location, str]]:
    if not isinstance(tuned_on, Mapping):
        return
    seeds, trials = tuned_on.get("seeds"), tuned_on.get("trials")
    if isinstance(seeds, (list, tuple)):
        for index, text in _repeated(seeds):
            yield ("analysis", "tuned_on", "seeds", index), text
    variants = [name for name in names if isinstance(name, str)]
    if isinstance(trials, Mapping) and len(variants) == len(names):
        for name in trials:
            if isinstance(name, str) and name not in variants:
                yield ("analysis", "tuned_on", "trials", name), not_known(name, variants, "Variants")


def _renaming_problems(renamed: object) -> Iterable[tuple[Location, str]]:
    if not isinstance(renamed, Mapping):
        return
    for column in renamed:
        if isinstance(column, str) and column not in HISTORY:
            yield (*METRIC_NAMES_IN_WANDB, column), unknown_key(column, HISTORY)
    shown = [renamed.get(column, column) for column in HISTORY]
    for name in dict.fromkeys(name for name in shown if isinstance(name, str) and shown.count(name) > 1):
        yield METRIC_NAMES_IN_WANDB, f"two metrics would be called {quote(name)}; give each a name of its own"

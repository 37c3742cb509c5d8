"""Small studies for the tests of the report: runs with given scores, and their analysis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from seedwise.plan import Plan
from seedwise.registration.facts import Event, Registration
from seedwise.report.model import Report, ReportVariant
from seedwise.statistics.analysis import analyse
from tests.plans import accuracy_plan

EMPTY = math.nan
FAILED = "failed"
MISSING = "missing"
Scores = Mapping[str, Sequence[float | str | None]]
"""The scores of each variant by seed: None for a diverged run, FAILED for a failed one, MISSING for no run at all."""

# Vectors 2 and 3 of the statistical specification.
A = [0.842, 0.838, 0.851]
B = [0.861, 0.855, 0.858]
C = [0.845, 0.840, 0.849]


def make_runs(scores: Scores, metric: str = "test_accuracy") -> pd.DataFrame:
    """Return one row per run."""
    rows = [
        {
            "variant": variant,
            "seed": seed,
            "status": {None: "diverged", FAILED: "failed"}.get(value, "finished"),
            metric: value if isinstance(value, float | int) else EMPTY,
            "train_loss": 2.0 - 1.5 * value if isinstance(value, float | int) else EMPTY,
        }
        for variant, values in scores.items()
        for seed, value in enumerate(values)
        if value != MISSING
    ]
    return pd.DataFrame(rows)


def _event(at: str, what: str, digit: str) -> Event:
    return Event(at=at, what=what, hash=digit * 64)


REGISTRATION = Registration(
    at="2026-11-27T10:31:05Z",
    hash="a" * 64,
    before_results=True,
    earlier_version=False,
    older_runs=[],
    head="b" * 64,
    history=[
        _event("2026-11-27T10:31:05Z", "Registered before any result: 3 variants × 3 seeds.", "a"),
        _event("2026-11-27T11:02:44Z", "Analysis of 9 runs.", "b"),
    ],
)


def make_report(scores: Scores, plan: Plan | None = None, **changes) -> Report:
    """Return a report; `changes` replace its fields, and `labels` the labels of its variants."""
    plan = plan or accuracy_plan(next(iter(scores)))
    labels = changes.pop("labels", {})
    seeds = range(max(len(values) for values in scores.values()))
    runs = make_runs(scores, plan.metric)
    look = changes.get("look")
    analysis = analyse(runs, plan, other_metrics=["train_loss"], alpha=look.nominal_alpha if look else None)
    given = {
        "title": "Dropout on a small study",
        "study": "small",
        "config_file": "config.yaml",
        "plan": plan,
        "plan_hash": plan.digest(list(seeds), list(scores)),
        "setup": {
            "Dataset": "fashion_mnist: 54000 training, 6000 validation and 10000 test examples",
            "Architecture": "small_cnn, 20490 parameters",
            "Optimizer": "sgd, learning rate 0.05, one_cycle schedule",
            "Training": "3 epochs, batch size 64, float32",
            "Hardware": "CPU, 1 thread",
        },
        "variants": [
            ReportVariant(name, labels.get(name, name), "" if name == plan.baseline else f"model.{name} = 0.2")
            for name in scores
        ],
        "seeds": list(seeds),
        "runs": runs,
        "summary": analysis.summary,
        "comparisons": analysis.comparisons,
        "warnings": [warning.sentence for warning in analysis.warnings],
        "commands": ["git checkout 0123456", "make setup", "make study"],
        "commit": "0123456",
        "dirty": False,
        "versions": {"Python": "3.11.2", "torch": "2.14.1"},
        "figures": {"means": "figures/means.png"},
        "has_test_set": True,
        "step": "epoch",
        "registration": REGISTRATION if changes.get("study", "small") else None,
    }
    return Report(**{**given, **changes})

"""Small studies for the tests of the report: tables with the columns that the analysis writes, from given scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np
import pandas as pd
from scipy import stats

from seedwise.plan import Plan
from seedwise.report.markdown import ReportInput, ReportVariant
from seedwise.report.rows import Comparison

Scores = Mapping[str, Sequence[float | None]]
COVERAGE = {2: 0.5, 3: 0.749, 4: 0.8, 5: 0.839, 6: 0.861, 10: 0.89, 30: 0.93}
EMPTY = math.nan

# Vectors 2 and 3 of the statistical specification.
A = [0.842, 0.838, 0.851]
B = [0.861, 0.855, 0.858]
C = [0.845, 0.840, 0.849]


def make_runs(scores: Scores, metric: str = "test_accuracy") -> pd.DataFrame:
    """A row per run; a score of None is a run that diverged."""
    rows = [
        {
            "variant": variant,
            "seed": seed,
            "status": "finished" if value is not None else "diverged",
            metric: EMPTY if value is None else value,
            "train_loss": EMPTY if value is None else 0.25 + 0.01 * seed,
        }
        for variant, values in scores.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def make_summary(scores: Scores, confidence: float = 0.95) -> pd.DataFrame:
    rows = []
    for variant, all_values in scores.items():
        values = [value for value in all_values if value is not None]
        n, diverged = len(values), len(all_values) - len(values)
        mean = float(np.mean(values)) if n else EMPTY
        std = float(np.std(values, ddof=1)) if n > 1 else EMPTY
        half = float(stats.t.ppf(0.5 + confidence / 2, n - 1)) * std / math.sqrt(n) if n > 1 else EMPTY
        # At these few seeds the percentile interval is the range; for more the tests only need an interval.
        shrink = 0.0 if n < 4 else 0.8
        low, high = (min(values), max(values)) if n > 1 else (EMPTY, EMPTY)
        rows.append(
            {
                "variant": variant,
                "n": n,
                "n_failed": 0,
                "n_diverged": diverged,
                "values": ";".join(repr(float(value)) for value in values),
                "mean": mean,
                "std": std,
                "std_low": 0.5 * std,
                "std_high": 6.3 * std,
                "t_low": mean - half,
                "t_high": mean + half,
                "ci_low": low + shrink * (mean - low),
                "ci_high": high - shrink * (high - mean),
                "bootstrap_coverage": COVERAGE.get(n, EMPTY),
                "diverged_rate_high": float(stats.beta.ppf(0.95, diverged + 1, n)) if n else 1.0,
            }
        )
    return pd.DataFrame(rows)


def make_comparisons(scores: Scores, plan: Plan) -> pd.DataFrame:
    """Welch against the first variant, Holm over all; enough of the analysis to exercise every sentence."""
    used = {variant: [value for value in values if value is not None] for variant, values in scores.items()}
    rows = [_compare(variant, used[variant], used[plan.baseline], plan) for variant in used if variant != plan.baseline]
    ordered = sorted((row for row in rows if not math.isnan(row["p_value"])), key=lambda row: row["p_value"])
    largest = 0.0
    for rank, row in enumerate(ordered):
        largest = max(largest, min(1.0, (len(ordered) - rank) * row["p_value"]))
        row["p_holm"] = largest
        if largest < plan.alpha:
            row["verdict"] = "BETTER" if row["difference"] > 0 else "WORSE"
    return pd.DataFrame(rows)


def _compare(variant: str, values: list[float], base: list[float], plan: Plan) -> dict:
    n, m = len(values), len(base)
    row = dict.fromkeys((field.name for field in fields(Comparison)), EMPTY)
    row |= {"variant": variant, "baseline": plan.baseline, "n": n, "n_baseline": m, "test": "welch"}
    row |= {"permutation_test": "permutation", "fragile": False, "verdict": "TOO_FEW_SEEDS"}
    if not n or not m:
        return row
    sign = 1 if plan.higher_is_better else -1
    x, y = sign * np.array(values), sign * np.array(base)
    row["difference"] = float(x.mean() - y.mean())
    row["wins"] = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in x for b in y)
    row["pairs"] = n * m
    row["probability_of_improvement"] = row["wins"] / row["pairs"]
    if min(n, m) < 3:
        return row
    if np.ptp(x) == 0 and np.ptp(y) == 0:
        return row | {"verdict": "UNDEFINED"}
    welch = stats.ttest_ind(x, y, equal_var=False)
    ci = welch.confidence_interval(plan.confidence)
    separate = math.sqrt(x.var(ddof=1) + y.var(ddof=1))
    pooled = math.sqrt(((n - 1) * x.var(ddof=1) + (m - 1) * y.var(ddof=1)) / (n + m - 2))
    smallest = 2 / math.comb(n + m, n)
    permutation = max(smallest, float(welch.pvalue))
    return row | {
        "p_value": float(welch.pvalue),
        "ci_low": float(ci.low),
        "ci_high": float(ci.high),
        "simultaneous_low": float(1.3 * ci.low - 0.3 * row["difference"]),
        "simultaneous_high": float(1.3 * ci.high - 0.3 * row["difference"]),
        "hedges_g": float(row["difference"] / pooled * (1 - 3 / (4 * (n + m - 2) - 1))),
        "permutation_p": permutation,
        "permutation_p_min": smallest,
        "rule_separate_threshold": 2 * separate,
        "rule_separate": bool(abs(row["difference"]) > 2 * separate),
        "rule_pooled_threshold": 2 * pooled,
        "rule_pooled": bool(abs(row["difference"]) > 2 * pooled),
        "bootstrap_low": float(x.min() - y.max()),
        "bootstrap_high": float(x.max() - y.min()),
        "detectable_difference": 3.07 * pooled,
        "seeds_needed": 9,
        "verdict": "NOT_SUPPORTED",
    }


def make_report(scores: Scores, plan: Plan | None = None, **changes) -> ReportInput:
    """A whole report; `changes` replace fields of it, and `labels` the labels of its variants."""
    plan = plan or Plan(baseline=next(iter(scores)))
    labels = changes.pop("labels", {})
    seeds = range(max(len(values) for values in scores.values()))
    given = {
        "title": "Dropout on a small study",
        "study": "small",
        "config_file": "config.yaml",
        "plan": plan,
        "plan_hash": plan.digest(list(seeds)),
        "exploratory": [],
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
        "runs": make_runs(scores, plan.metric),
        "summary": make_summary(scores, plan.confidence),
        "comparisons": make_comparisons(scores, plan),
        "warnings": [],
        "commands": ["git checkout 0123456", "make setup", "make study"],
        "commit": "0123456",
        "dirty": False,
        "versions": {"Python": "3.11.2", "torch": "2.14.1"},
        "figures": {"means": "figures/means.png"},
    }
    return ReportInput(**{**given, **changes})

"""The reports stored in `expected/`. Run this file to update them after an intended change of wording."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np
from made_studies import FAILED, MISSING, A, B, C, make_report

from seedwise.analysis.findings import NewTestSetFinding
from seedwise.analysis.looks import Look
from seedwise.report.model import Report
from seedwise.report.text.results import render_results
from seedwise.statistics.spending import spending_at
from tests.plans import accuracy_plan

EXPECTED = Path(__file__).parent / "expected"
LABELS = {"baseline": "Baseline", "augment": "+ Augment", "dropout": "+ Drop|out"}


def noise(n, mean, std, seed):
    """Return n scores with about this mean and standard deviation."""
    return np.random.default_rng(seed).normal(mean, std, n).round(4).tolist()


def look(number, sizes, seeds, decision, undecided=()):
    """Return the look that a study of these sizes takes with so many seeds."""
    spending = spending_at(sizes, len(seeds), 0.05)
    return Look(
        number=number,
        looks=sizes,
        nominal_alpha=spending.nominal_alpha,
        spent=spending.spent,
        alpha=0.05,
        seeds=tuple(seeds),
        undecided=undecided,
        decision=decision,
    )


@functools.cache
def reports() -> dict[str, Report]:
    """Return one report for each kind of study, by file name."""
    loss = accuracy_plan("baseline", metric="test_loss", higher_is_better=False)
    tight = {"baseline": [0.9, 0.9001, 0.8999, 0.9002, 0.8998], "augment": [0.9, 0.9001, 0.8999, 0.9002, 0.9001]}
    sizes = (3, 5)
    plain, augmented = noise(10, 0.84, 0.004, 1), noise(10, 0.85, 0.004, 2)
    percent = accuracy_plan("baseline", metric="accuracy (%)")
    return {
        "three_variants": make_report({"baseline": A, "augment": B, "dropout": C}, labels=LABELS),
        "one_comparison": make_report(
            {"A": A, "B": B}, figures={"means": "m.png", "differences": "d.png", "power": "p.png"}
        ),
        "loss_with_diverged_runs": make_report(
            {"baseline": [0.32, 0.35, 0.30], "augment": [0.48, None, 0.41], "dropout": [0.12, 0.15, 0.05]},
            loss,
            labels=LABELS,
            exploratory=["seeds 1 and 2 were added without a declared look"],
            dirty=True,
        ),
        "equivalent": make_report(
            tight,
            accuracy_plan("baseline", margin=0.01),
            labels=LABELS,
            test_set=[
                NewTestSetFinding(
                    variant="augment", low=-0.004, high=0.005, both_low=-0.0041, both_high=None, finite_test_share=None
                )
            ],
        ),
        "one_variant": make_report({"baseline": A}, labels=LABELS),
        "non_inferior": make_report(
            {
                "baseline": plain[:6],
                "as good": noise(6, 0.84, 0.004, 3),
                "a little worse": noise(6, 0.829, 0.004, 4),
                "bad": noise(6, 0.8, 0.004, 5),
                "noisy": noise(6, 0.84, 0.04, 6),
            },
            accuracy_plan("baseline", question="non-inferiority", margin=0.02),
        ),
        "one_seed": make_report({"baseline": [0.84], "augment": [0.86]}, labels=LABELS, commit=None, dirty=None),
        "two_seeds": make_report({"baseline": A[:2], "augment": B[:2]}, labels=LABELS),
        "unequal_numbers": make_report({"baseline": plain, "augment": B}, labels=LABELS, study=None),
        "verdict_hangs_on_lost_runs": make_report(
            {"baseline": plain[:6], "augment": [*augmented[:3], None, None, FAILED]}, labels=LABELS
        ),
        "lost_run_changes_nothing": make_report(
            {"baseline": plain, "augment": [*(score + 0.02 for score in augmented[:9]), None]},
            accuracy_plan("baseline", lost_value=0.83),
            labels=LABELS,
        ),
        "all_runs_lost": make_report({"baseline": A, "augment": [None, FAILED, None]}, labels=LABELS),
        "every_baseline_run_lost": make_report({"baseline": [None] * 3, "augment": A}, labels=LABELS),
        "constant_baseline": make_report({"baseline": [0.85] * 5, "augment": augmented[:5]}, labels=LABELS),
        "identical_arms": make_report(
            {"baseline": plain[:5], "augment": plain[:5]}, accuracy_plan("baseline", margin=0.01), labels=LABELS
        ),
        "not_finite": make_report({"baseline": A, "augment": [0.85, math.inf, 0.86]}, labels=LABELS),
        "percent": make_report(
            {"baseline": [84.2, 83.8, 85.1, 84.4, 84.0], "augment": [86.1, 85.5, 85.8, 86.4, 85.2]},
            percent,
            labels=LABELS,
        ),
        "twenty_variants": make_report(
            {
                "baseline": plain[:5],
                **{f"v{i:02}": noise(5, 0.85 if i == 7 else 0.84, 0.004, 10 + i) for i in range(20)},
            }
        ),
        "pairs_with_missing_seeds": make_report(
            {
                "baseline": [0.84, 0.85, 0.86, 0.83, MISSING],
                "augment": [0.87, 0.885, 0.889, MISSING, 0.95],
            },
            accuracy_plan("baseline", pairing="seed"),
            labels=LABELS,
            study=None,
        ),
        "constant_paired_difference": make_report(
            {"baseline": A, "augment": [score + 0.01 for score in A]},
            accuracy_plan("baseline", pairing="seed"),
            labels=LABELS,
        ),
        "better_by_less_than_matters": make_report(
            {"baseline": tight["baseline"], "augment": [score + 0.002 for score in tight["augment"]]},
            accuracy_plan("baseline", margin=0.01),
            labels=LABELS,
        ),
        "unsettled_with_margin": make_report(
            {"baseline": A, "augment": C}, accuracy_plan("baseline", margin=0.005), labels=LABELS
        ),
        "first_look": make_report(
            {"baseline": A, "augment": B},
            accuracy_plan("baseline", looks=sizes),
            labels=LABELS,
            look=look(1, sizes, range(3), "go on", ("augment",)),
            planned_seeds=list(range(5)),
        ),
        "last_look": make_report(
            {"baseline": plain[:5], "augment": [score + 0.01 for score in augmented[:5]]},
            accuracy_plan("baseline", looks=sizes),
            labels=LABELS,
            look=look(2, sizes, range(5), "stop"),
        ),
        "pooled_variance": make_report(
            {"baseline": A, "augment": B, "dropout": C}, accuracy_plan("baseline", variance="pooled"), labels=LABELS
        ),
        "many_seeds": make_report(
            {"baseline": noise(60, 0.84, 0.004, 3), "augment": noise(60, 0.844, 0.004, 4)}, labels=LABELS
        ),
    }


if __name__ == "__main__":
    for name, report in reports().items():
        (EXPECTED / f"{name}.md").write_text(render_results(report), encoding="utf-8")

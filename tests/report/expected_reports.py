"""The reports stored in `expected/`. Run this file to update them after an intended change of wording."""

from __future__ import annotations

from pathlib import Path

from made_studies import A, B, C, make_report

from seedwise.analysis.findings import NewTestSetFinding
from seedwise.report.model import Report
from seedwise.report.text.results import render_results
from tests.plans import accuracy_plan

EXPECTED = Path(__file__).parent / "expected"
LABELS = {"baseline": "Baseline", "augment": "+ Augment", "dropout": "+ Drop|out"}


def reports() -> dict[str, Report]:
    """Return one report for each kind of study, by file name."""
    loss = accuracy_plan("baseline", metric="test_loss", higher_is_better=False)
    tight = {"baseline": [0.9, 0.9001, 0.8999, 0.9002, 0.8998], "augment": [0.9, 0.9001, 0.8999, 0.9002, 0.9001]}
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
        "one_seed": make_report({"baseline": [0.84], "augment": [0.86]}, labels=LABELS, commit=None, dirty=None),
    }


if __name__ == "__main__":
    for name, report in reports().items():
        (EXPECTED / f"{name}.md").write_text(render_results(report), encoding="utf-8")

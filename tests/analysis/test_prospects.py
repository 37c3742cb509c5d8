"""What the seeds of a study will find is said before they cost anything."""

from __future__ import annotations

import csv
import subprocess
import sys

import pytest

from seedwise.analysis.forecast import detectable
from seedwise.analysis.prospects import prospects, rough_units
from seedwise.analysis.spread import Spread, earlier_spread
from seedwise.config.study import Study
from seedwise.registration.ledger import append
from tests.plans import accuracy_plan

PLAN = accuracy_plan("a")
KNOWN = Spread(0.004, 6, "6 runs so far")


@pytest.mark.parametrize("fields", [{}, {"pairing": "seed"}, {"variance": "pooled"}, {"looks": (3, 5)}], ids=str)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_it_is_nearly_what_the_exact_power_says(fields, confidence) -> None:
    plan = accuracy_plan("a", confidence=confidence, **fields)
    for variants in (2, 4, 6):
        for seeds in (3, 4, 5, 10, 30):
            exact = detectable(plan, variants, seeds)
            assert rough_units(plan, variants, seeds) == pytest.approx(exact, rel=0.09), (variants, seeds)
            if confidence <= 0.95:
                assert rough_units(plan, variants, seeds) == pytest.approx(exact, rel=0.06), (variants, seeds)


def test_the_line() -> None:
    assert (
        prospects(PLAN, 2, 3, KNOWN) == "3 seeds per variant will find only differences above about 0.014 of "
        "test_accuracy (80 % power, by the spread of 6 runs so far)"
    )
    unknown = "5 seeds per variant will find only differences above about 2.1 standard deviations of runs (80 % power)"
    assert prospects(PLAN, 2, 5, None) == unknown
    assert prospects(PLAN, 2, 5, Spread(0.0, 6, "6 runs so far")) == unknown
    paired = prospects(accuracy_plan("a", pairing="seed"), 2, 10, None)
    assert "about 1.0 standard deviations of the differences of paired runs" in paired
    assert prospects(PLAN, 2, 2, KNOWN) == "2 seeds per variant will give no verdict, which needs at least 3"
    assert prospects(PLAN, 1, 5, KNOWN) == ""
    not_worse = accuracy_plan("a", question="non-inferiority", margin=0.01)
    assert (
        prospects(not_worse, 2, 3, KNOWN) == "3 seeds per variant will show non-inferiority only for margins "
        "above about 0.014 of test_accuracy (80 % power, by the spread of 6 runs so far; the margin is 0.01)"
    )


def _study(name: str, lr: float, **analysis) -> Study:
    return Study.model_validate(
        {
            "study": name,
            "title": name,
            "command": {"run": "python train.py --lr {lr} --seed {seed}", "settings": {"lr": lr}},
            "variants": [{"name": "a"}, {"name": "b", "set": {"lr": 0.5}}],
            "seeds": [0, 1, 2],
            "analysis": {"metric": "acc", "higher_is_better": True, "baseline": "a", **analysis},
        }
    )


def test_an_earlier_study_with_the_same_baseline_shows_the_spread(tmp_path) -> None:
    mine = _study("second", 0.1)
    assert earlier_spread(mine, tmp_path) is None
    for study, std, runs in (
        (_study("first", 0.1), 0.01, 5),
        (_study("small", 0.1), 0.07, 3),
        (_study("other-settings", 0.2), 0.3, 20),
        (_study("other-metric", 0.1, metric="loss"), 0.3, 20),
        (mine, 0.3, 20),
    ):
        folder = tmp_path / study.study
        folder.mkdir()
        plan = {"analysis": study.analysis.model_dump(mode="json"), "settings": study.declared_settings}
        append(folder, lambda _, plan=plan: [("registration", plan)])
        with (folder / "summary.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["variant", "n", "std"], ["a", runs, std], ["b", runs, 9.0]])
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "registration.jsonl").write_text("[")

    assert earlier_spread(mine, tmp_path) == Spread(0.01, 5, "5 runs with the baseline's settings in first")
    assert earlier_spread(_study("paired", 0.1, pairing="seed"), tmp_path) is None


def test_the_snakefile_says_it_without_importing_anything_heavy() -> None:
    heavy = "{'numpy', 'scipy', 'pandas'}"
    code = f"import sys, seedwise.analysis.prospects; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"

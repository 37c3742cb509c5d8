"""The warning that two seeds gave the same numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from seedwise.config.study import Run, Study
from seedwise.progress.same_numbers import same_numbers
from seedwise.statistics.warnings import find_warnings
from tests.plans import accuracy_plan

FINE = 0.8374615028197


def study_of(*seeds: int) -> Study:
    return Study.model_validate(
        {
            "study": "s",
            "title": "A study",
            "variants": [{"name": "baseline"}, {"name": "other"}],
            "seeds": list(seeds or (0, 1, 2)),
            "analysis": {"baseline": "baseline"},
        }
    )


def finished(results: Path, seed: int, accuracy: float, loss: float = 0, **beside: str) -> None:
    folder = results / f"s/runs/baseline/seed{seed}"
    folder.mkdir(parents=True)
    metrics = {"test_accuracy": accuracy} | ({"loss": loss} if loss else {})
    (folder / "metrics.json").write_text(json.dumps({"status": "finished", "metrics": metrics}))
    for name, text in beside.items():
        (folder / f"{name}.csv").write_text(text)


def warned(results: Path, *seeds: int) -> str | None:
    study = study_of(*seeds)
    return same_numbers(study, Run("baseline", 1), study.runs(), results)


def test_two_seeds_with_the_same_numbers_are_warned_of(tmp_path: Path) -> None:
    finished(tmp_path, 0, FINE)
    finished(tmp_path, 1, FINE)
    assert (warned(tmp_path) or "").startswith("baseline: seeds 0 and 1 gave exactly the same numbers. Does the seed")


def test_the_seeds_are_named_in_order(tmp_path: Path) -> None:
    """The later of two runs may have the smaller seed."""
    finished(tmp_path, 1, FINE)
    finished(tmp_path, 2, FINE)
    assert (warned(tmp_path, 1, 2) or "").startswith("baseline: seeds 1 and 2 gave")


def test_a_seed_that_has_left_the_study_is_not_compared(tmp_path: Path) -> None:
    finished(tmp_path, 0, FINE)
    finished(tmp_path, 1, FINE)
    assert warned(tmp_path, 1, 2) is None


def test_other_numbers_are_not(tmp_path: Path) -> None:
    finished(tmp_path, 0, FINE)
    finished(tmp_path, 1, 0.91)
    assert warned(tmp_path) is None


@pytest.mark.parametrize("others", [[], [0.784, 0.797, 0.792]])
def test_an_accuracy_on_a_thousand_examples_often_is_that_of_another_seed(tmp_path: Path, others: list[float]) -> None:
    """The report of these runs has no such warning either."""
    scores = [0.796, 0.796, *others]
    for seed, score in enumerate(scores):
        finished(tmp_path, seed, score)
    assert warned(tmp_path, *range(5)) is None
    runs = pd.DataFrame({"variant": "baseline", "seed": range(len(scores)), "test_accuracy": scores})
    codes = {found.code for found in find_warnings(runs, accuracy_plan("baseline"))}
    assert not {"identical_runs", "constant_arm"} & codes


def test_a_coarse_metric_is_warned_of_once_chance_no_longer_explains_it(tmp_path: Path) -> None:
    for seed in range(5):
        finished(tmp_path, seed, 0.796)
    assert "baseline: seeds 0 and 1 gave exactly the same numbers" in (warned(tmp_path, *range(5)) or "")


def test_a_variant_of_which_all_runs_agree_is_warned_of_as_in_the_report(tmp_path: Path) -> None:
    """A coarse metric may explain it; the report of such a variant says that nothing can be decided."""
    for seed in range(3):
        finished(tmp_path, seed, 0.796)
    assert warned(tmp_path, *range(3))
    assert warned(tmp_path, *range(4)) is None


def test_a_loss_in_full_precision_beside_a_coarse_accuracy_shows_it(tmp_path: Path) -> None:
    for seed, loss in enumerate((0.31415926535, 0.31415926535, 0.2718281828)):
        finished(tmp_path, seed, 0.796, loss=loss)
    assert warned(tmp_path)


@pytest.mark.parametrize("name", ["scores", "history"])
def test_one_accuracy_can_be_that_of_two_seeds_by_chance(tmp_path: Path, name: str) -> None:
    """As many test examples can be right without being the same ones."""
    finished(tmp_path, 0, FINE, **{name: "id,value\n0,1.0\n1,0.0\n"})
    finished(tmp_path, 1, FINE, **{name: "id,value\n0,0.0\n1,1.0\n"})
    assert warned(tmp_path) is None


def test_a_program_that_ignores_its_seed_leaves_the_same_history_but_for_times(tmp_path: Path) -> None:
    for seed in (0, 1):
        finished(tmp_path, seed, FINE, history=f"step,accuracy,seconds\n1,0.5,3.{seed}\n")
    assert warned(tmp_path)

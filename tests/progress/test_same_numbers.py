"""The warning that two seeds gave the same numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seedwise.config.study import Run
from seedwise.progress.same_numbers import same_numbers


def finished(folder: Path, accuracy: float, **beside: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps({"status": "finished", "metrics": {"accuracy": accuracy}}))
    for name, text in beside.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def warned(tmp_path: Path, *seeds: int) -> str | None:
    asked = [Run(variant, seed) for variant in ("baseline", "other") for seed in seeds or (0, 1)]
    return same_numbers(tmp_path / "seed1", Run("baseline", 1), asked)


def test_two_seeds_with_the_same_numbers_are_warned_of(tmp_path: Path) -> None:
    finished(tmp_path / "seed0", 0.9)
    finished(tmp_path / "seed1", 0.9)
    assert (warned(tmp_path) or "").startswith("baseline: seeds 0 and 1 gave exactly the same numbers. Does the seed")


def test_the_seeds_are_named_in_order(tmp_path: Path) -> None:
    """The later of two runs may have the smaller seed."""
    finished(tmp_path / "seed1", 0.9)
    finished(tmp_path / "seed2", 0.9)
    assert (warned(tmp_path, 1, 2) or "").startswith("baseline: seeds 1 and 2 gave")


def test_a_seed_that_has_left_the_study_is_not_compared(tmp_path: Path) -> None:
    finished(tmp_path / "seed0", 0.9)
    finished(tmp_path / "seed1", 0.9)
    assert warned(tmp_path, 1, 2) is None


def test_other_numbers_are_not(tmp_path: Path) -> None:
    finished(tmp_path / "seed0", 0.9)
    finished(tmp_path / "seed1", 0.91)
    assert warned(tmp_path) is None


@pytest.mark.parametrize("name", ["scores", "history"])
def test_one_accuracy_can_be_that_of_two_seeds_by_chance(tmp_path: Path, name: str) -> None:
    """As many test examples can be right without being the same ones."""
    finished(tmp_path / "seed0", 0.5, **{name: "id,value\n0,1.0\n1,0.0\n"})
    finished(tmp_path / "seed1", 0.5, **{name: "id,value\n0,0.0\n1,1.0\n"})
    assert warned(tmp_path) is None


def test_a_program_that_ignores_its_seed_leaves_the_same_history_but_for_times(tmp_path: Path) -> None:
    for seed in (0, 1):
        finished(tmp_path / f"seed{seed}", 0.5, history=f"step,accuracy,seconds\n1,0.5,3.{seed}\n")
    assert warned(tmp_path)

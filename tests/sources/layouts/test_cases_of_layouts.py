"""Tables in foreign layouts as users had them, from the folder of cases: their right answer, or the named refusal."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedwise.basics.errors import UserError
from seedwise.sources.open import open_table
from seedwise.sources.options import Options
from seedwise.sources.runs import read_runs

CASES = Path(__file__).parents[1] / "cases"
SIX = {("a", 0): 0.81, ("a", 1): 0.82, ("a", 2): 0.83, ("b", 0): 0.91, ("b", 1): 0.92, ("b", 2): 0.93}


def read(file, metric, **options):
    given = Options(metrics=(metric,), **options)
    found = read_runs(open_table(str(CASES / file), given), given)
    runs = found.runs
    cells = zip(runs.variant, runs.seed, runs[metric].where(runs.status == "finished", runs.status), strict=True)
    return {(variant, seed): value for variant, seed, value in cells}, " ".join(found.notes)


def test_a_chart_export_has_the_last_value_of_each_run():
    found, notes = read("01-wandb-chart-export/export.csv", "val_acc")
    assert found == {("resnet", 0): 0.80, ("resnet", 1): 0.81, ("vit", 0): 0.84, ("vit", 1): 0.75}
    assert "was read as a chart exported from W&B. 8 columns left out" in notes
    assert "1 run ended before Step 2, where others did: vit seed 1" in notes


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("pivot", "was read as a pivot table with a header of several rows"),
        ("wide", "Each column is a variant: a, b; their cells are acc."),
    ],
)
def test_tables_that_are_wide(file, said):
    found, notes = read(f"22-multiindex-header/{file}.csv", "acc")
    assert found == SIX
    assert said in notes


def test_a_table_of_means_is_refused():
    with pytest.raises(UserError, match=r"a table of means \(mean, std\): the score of each run is needed"):
        read("22-multiindex-header/agg.csv", "acc")


@pytest.mark.parametrize(
    ("file", "metric", "remedy"),
    [
        ("ray.csv", "val_acc", "--variant config/model"),
        ("trainer_state.json", "eval_accuracy", "--path-name"),
        ("tb.csv", "acc", "--run-name"),
    ],
)
def test_what_a_file_does_not_say_is_asked_with_the_flag_that_says_it(file, metric, remedy):
    with pytest.raises(UserError, match=remedy):
        read(f"23-ray-hydra-hf/{file}", metric)
    found, _ = read("23-ray-hydra-hf/ray.csv", "val_acc", variant=("model",))
    assert found["aug", 2] == "failed"
    assert len(found) == 6

"""Only what is missing runs: each change counts exactly the jobs that depend on it."""

import json
import os
import shutil

import pytest

from tests.workflow.conftest import jobs

pytestmark = pytest.mark.slow

ANALYSIS = {"collect_runs": 1, "analyse_study": 1, "plot_figures": 1, "render_report": 1, "render_page": 1, "all": 1}


def training(planned):
    return planned.get("train_run", 0)


def test_a_finished_study_has_nothing_to_do_and_says_so(project):
    assert "Nothing to be done" in project.run()
    assert project.planned() == {}


def test_an_added_seed_trains_once_per_variant(project):
    project.edit("config.yaml", "seeds: [0, 1]", "seeds: [0, 1, 3]")
    assert project.planned() == {"train_run": 2, **ANALYSIS}


def test_a_removed_seed_trains_nothing(project):
    project.edit("config.yaml", "seeds: [0, 1]", "seeds: [0]")
    assert project.planned() == ANALYSIS


def test_an_added_variant_trains_its_seeds(project):
    project.edit("config.yaml", "seeds:", "  - {name: faster, set: {training.learning_rate: 0.1}}\nseeds:")
    assert project.planned() == {"train_run": 2, **ANALYSIS}


def test_a_changed_variant_trains_only_its_seeds(project):
    project.edit("config.yaml", "model.dropout: 0.2", "model.dropout: 0.4")
    assert project.planned() == {"train_run": 2, **ANALYSIS}


def test_swapped_values_are_a_change(project):
    project.edit(
        "config.yaml", "{model.dropout: 0.2, training.momentum: 0.8}", "{model.dropout: 0.8, training.momentum: 0.2}"
    )
    assert training(project.planned()) == 2


def test_a_changed_shared_setting_trains_everything(project):
    project.edit("config.yaml", "epochs: 1", "epochs: 2")
    assert project.planned() == {"train_run": 4, **ANALYSIS}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{model.dropout: 0.2, training.momentum: 0.8}", "{training.momentum: 0.8, model.dropout: 0.2}"),
        ("{epochs: 1, batch_size: 16", "{batch_size: 16, epochs: 1"),
        ("learning_rate: 0.05", "learning_rate: 5.0e-2"),
        ("study: tiny", "# a comment\nstudy: tiny"),
        ("wandb: {mode: disabled}", "wandb: {mode: disabled, project: elsewhere}"),
    ],
    ids=["reordered overrides", "reordered keys", "same number", "comment", "tracking"],
)
def test_what_is_no_change_trains_nothing(project, old, new):
    project.edit("config.yaml", old, new)
    assert training(project.planned()) == 0


def test_a_new_label_only_renders_anew(project):
    project.edit("config.yaml", "label: + Dropout", "label: With dropout")
    assert project.planned() == {"plot_figures": 1, "render_report": 1, "render_page": 1, "all": 1}


def test_another_plan_only_analyses_anew(project):
    project.edit("config.yaml", "baseline: baseline}", "baseline: baseline, confidence: 0.9}")
    assert project.planned() == {"analyse_study": 1, "plot_figures": 1, "render_report": 1, "render_page": 1, "all": 1}


def test_a_deleted_record_trains_one_run(project):
    project.record("dropout", 1).unlink()
    assert project.planned() == {"train_run": 1, **ANALYSIS}


def test_edited_training_code_trains_everything(project):
    project.edit(
        "seedwise/trainers/image_classifier/training/loop.py", "EVALUATION_BATCH = 500", "EVALUATION_BATCH = 100"
    )
    assert project.planned() == {"train_run": 4, **ANALYSIS}


def test_edited_code_of_the_users_own_dataset_trains_everything(project):
    project.edit("tests/tiny.py", "del folder", "del folder  # not needed")
    assert training(project.planned()) == 4


@pytest.mark.parametrize(
    "files",
    [
        "seedwise/training/*.py",
        "workflow/scripts/*.py",
        "workflow/rules/*.smk",
        "data/*.npz",
        "results/tiny/runs/*/*/metrics.json",
    ],
)
def test_touched_files_train_nothing(project, files):
    touched = list(project.folder.glob(files))
    assert touched
    for path in touched:
        os.utime(path)
    assert training(project.planned()) == 0


def test_an_edited_figure_trains_nothing(project):
    project.edit("seedwise/report/figures/style.py", '"""', '"""Another look. ')
    assert project.planned() == {"plot_figures": 1, "render_report": 1, "render_page": 1, "all": 1}


def test_edited_statistics_train_nothing(project):
    project.edit("seedwise/statistics/verdict.py", '"""', '"""Another word. ')
    planned = project.planned()
    assert training(planned) == 0
    assert planned["analyse_study"] == 1


def test_deleted_data_train_nothing(project):
    shutil.rmtree(project.folder / "data")
    assert training(project.planned()) == 0


def test_deleted_data_made_again_first_keep_every_finished_run(project):
    shutil.rmtree(project.folder / "data")
    project.edit("config.yaml", "seeds: [0, 1]", "seeds: [0, 1, 2]")
    # Snakemake trusts no run whose input it is about to make: the workflow says so, and how to keep the runs.
    assert "snakemake --cores 1 prepare_data" in project.run("--dry-run")
    project.run("--", "prepare_data")
    assert training(project.planned()) == 2


def test_adding_a_seed_for_real_keeps_every_other_run(project):
    before = {seed: project.record("baseline", seed).stat().st_mtime_ns for seed in (0, 1)}
    project.edit("config.yaml", "seeds: [0, 1]", "seeds: [0, 1, 3]")
    printed = project.run()
    assert jobs(printed)["train_run"] == 2
    assert {seed: project.record("baseline", seed).stat().st_mtime_ns for seed in (0, 1)} == before
    runs = (project.results / "runs.csv").read_text().splitlines()
    assert [line.split(",")[:2] for line in runs[1:4]] == [["baseline", "0"], ["baseline", "1"], ["baseline", "3"]]
    report = (project.results / "results.md").read_text()
    assert "EXPLORATORY" in report
    assert "1 seed was added after the first analysis of this study: 3." in report
    assert json.loads((project.results / "plan.json").read_text())["seeds"] == [0, 1]

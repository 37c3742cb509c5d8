"""Only what is missing runs: what is special about the image classifier; the rest is in test_any_trainer.py."""

import json
import os
import shutil

import numpy as np
import pytest

pytestmark = pytest.mark.slow

ANALYSIS = {"collect_runs": 1, "analyse_study": 1, "plot_figures": 1, "render_report": 1, "render_page": 1, "all": 1}


def training(planned):
    return planned.get("train_run", 0)


def test_a_finished_study_has_nothing_to_do_and_says_so(project):
    assert "Nothing to be done" in project.run()
    assert project.planned() == {}


def test_what_is_no_change_trains_nothing(project):
    """Reordered overrides and keys, the same number written differently, a comment, another tracker: all at once."""
    for old, new in (
        ("{model.dropout: 0.2, training.momentum: 0.8}", "{training.momentum: 0.8, model.dropout: 0.2}"),
        ("{epochs: 1, batch_size: 16", "{batch_size: 16, epochs: 1"),
        ("learning_rate: 0.05", "learning_rate: 5.0e-2"),
        ("study: tiny", "# a comment\nstudy: tiny"),
        ("wandb: {mode: disabled}", "wandb: {mode: disabled, project: elsewhere}"),
    ):
        project.edit("config.yaml", old, new)
    assert training(project.planned()) == 0


def test_a_new_label_trains_nothing(project):
    project.edit("config.yaml", "label: + Dropout", "label: With dropout")
    assert project.planned() == ANALYSIS


TRAINER = "seedwise/trainers/image_classifier"
REPORT = {"plot_figures": 1, "render_report": 1, "render_page": 1, "all": 1}


def test_changed_code_of_the_analysis_is_noticed(project):
    """A method of the plan and a constant in the script: neither stood in the lists that were once kept by hand."""
    project.edit("seedwise/plan.py", '"confidence": 1.0 - alpha', '"confidence": 1.0 - alpha / 2')
    assert project.planned() == ANALYSIS
    project.edit("seedwise/plan.py", '"confidence": 1.0 - alpha / 2', '"confidence": 1.0 - alpha')
    assert project.planned() == {}
    project.edit("workflow/scripts/analyse_study.py", "folder = arguments.runs.parent", "folder = Path('.')")
    assert project.planned() == {"analyse_study": 1, **REPORT}


def test_changed_code_of_figures_templates_and_styles_is_noticed(project):
    project.edit("workflow/scripts/plot_figures.py", "main() -> None:", "main() -> object:")
    assert project.planned() == {"plot_figures": 1, "all": 1}
    project.edit("seedwise/report/text/results.md.j2", "# ", "# The ")
    project.edit("seedwise/report/page/page.css", "color:", "color: red; color:")
    assert project.planned() == {**REPORT, "analyse_study": 1}, "findings.json has the sentences of the report"


def test_changed_code_that_decides_the_precision_or_reads_data_is_noticed(project):
    project.edit("seedwise/runs/cpu.py", '"avx512_bf16"', '"another_flag"')
    assert project.planned() == {"train_run": 4, **ANALYSIS}
    project.edit(f"{TRAINER}/datasets/images.py", "np.argsort(rank", "np.argsort(-rank")
    assert project.planned() == {"prepare_data": 1, "train_run": 4, **ANALYSIS}


def test_code_that_decides_no_number_of_this_study_trains_nothing(project):
    """Another dataset, the learning-rate finder, comments, docstrings, one more dataset, a tracker: all at once."""
    for file, old, new in (
        (f"{TRAINER}/datasets/oxford_pet.py", "SIZE = 64", "SIZE = 32"),
        (f"{TRAINER}/datasets/fashion_mnist.py", "import gzip", "import gzip  # a comment"),
        (f"{TRAINER}/datasets/__init__.py", "DATASETS = {", 'DATASETS = {"kmnist": Dataset("kmnist", "KMNIST"), '),
        (f"{TRAINER}/training/lr_finder.py", "SMOOTHING = 0.98", "SMOOTHING = 0.9"),
        (f"{TRAINER}/training/loop.py", "EVALUATION_BATCH = 500", "EVALUATION_BATCH = (500)  # a comment"),
        (f"{TRAINER}/training/loop.py", "The training loop:", "The loop that trains:"),
        ("tests/tiny.py", "del folder", "del folder  # not needed"),
        ("seedwise/tracking/mlflow.py", "CALL_SHARE = 0.6", "CALL_SHARE = 0.5"),
    ):
        project.edit(file, old, new)
    planned = project.planned()
    assert training(planned) == 0
    assert "prepare_data" not in planned


def test_touched_files_train_nothing(project):
    for files in (
        f"{TRAINER}/**/*.py",
        "workflow/scripts/*.py",
        "workflow/rules/*.smk",
        "data/*.npz",
        "results/tiny/data/*.json",
        "results/tiny/data/SHA256SUMS",
        "results/tiny/runs/*/*/metrics.json",
    ):
        touched = list(project.folder.glob(files))
        assert touched, files
        for path in touched:
            os.utime(path)
    assert training(project.planned()) == 0


def test_edited_statistics_train_nothing(project):
    project.edit("seedwise/statistics/verdict.py", "FEWEST_SEEDS = 3", "FEWEST_SEEDS = 4")
    planned = project.planned()
    assert training(planned) == 0
    assert planned["analyse_study"] == 1


def test_a_dataset_function_that_changes_is_prepared_again_and_retrains(project):
    before = {path.name for path in (project.folder / "data").glob("*.npz")}
    project.edit(
        "tests/tiny.py",
        "return images.load(TINY_IMAGES)[0]",
        "found = images.load(TINY_IMAGES)[0]\n    found.train_labels[:] = 0\n    return found",
    )
    assert project.planned() == {"prepare_data": 1, "train_run": 4, **ANALYSIS}
    record = json.loads(project.record("baseline", 0).read_text())
    project.run("--", "runs")
    again = json.loads(project.record("baseline", 0).read_text())
    assert again["metrics"] != record["metrics"]
    for what in ("data", "data_digest"):
        assert again["provenance"][what] != record["provenance"][what]
    assert len({path.name for path in (project.folder / "data").glob("*.npz")} - before) == 1
    assert project.planned() == ANALYSIS


def test_two_studies_of_the_same_data_leave_each_other_alone(project):
    """They share raw files and the prepared file; what each declares to Snakemake is its own."""
    text = project.config.read_text()
    (project.folder / "other.yaml").write_text(text.replace("study: tiny", "study: other").replace("[0, 1]", "[0]"))
    assert project.made("--configfile", "other.yaml", "--", "runs")["train_run"] == 2
    assert project.planned() == {}
    assert training(project.planned("--configfile", "other.yaml", "--", "runs")) == 0
    shutil.rmtree(project.folder / ".snakemake")
    assert project.planned() == {}
    assert len(list((project.folder / "data").glob("*.npz"))) == 1


def test_raw_files_that_change_in_the_datasets_folder_retrain(project):
    """A user's own dataset reads its files from `dataset.folder`: their content is part of what runs depend on."""
    raw = project.add_own_dataset("raw")
    project.edit("config.yaml", '{name: "tests.tiny:read"', '{name: "own:read", folder: raw')
    assert training(project.planned()) == 4
    project.run("--", "runs")
    os.utime(raw / "images.npz")
    raw.rename(project.folder / "moved")
    project.edit("config.yaml", "folder: raw", "folder: moved")
    assert training(project.planned("--", "runs")) == 0, "where the files lie is not what is trained"
    (project.folder / "moved/more.txt").write_text("another file")
    assert training(project.planned("--", "runs")) == 4


def test_deleted_data_train_nothing(project):
    shutil.rmtree(project.folder / "data")
    assert project.planned() == {}


def test_deleted_data_are_made_again_for_the_runs_that_need_them_and_for_no_other(project):
    before = {seed: project.record("baseline", seed).stat().st_mtime_ns for seed in (0, 1)}
    shutil.rmtree(project.folder / "data")
    project.edit("config.yaml", "seeds: [0, 1]", "seeds: [0, 1, 2]")
    assert training(project.planned()) == 2
    assert project.made("--", "runs")["train_run"] == 2
    assert {seed: project.record("baseline", seed).stat().st_mtime_ns for seed in (0, 1)} == before
    assert list((project.folder / "data").glob("*.npz"))
    assert project.planned() == ANALYSIS


def test_data_that_come_out_different_are_refused_until_the_card_is_deleted(fresh):
    """What a dataset function reads from elsewhere no digest can see: the content of the data shows it."""
    images = fresh.folder / "images.npz"
    shutil.copy2(fresh.folder / "tests/fashion_mnist_600_300.npz", images)
    (fresh.folder / "own.py").write_text(
        "from seedwise.trainers.image_classifier.datasets import images\n\n\n"
        "def read(folder):\n    return images.load('images.npz')[0]\n"
    )
    fresh.edit("config.yaml", "tests.tiny:read", "own:read")
    fresh.run("--", "runs")
    with np.load(images) as archive:
        arrays = dict(archive)
    arrays["train_labels"] = arrays["train_labels"][::-1].copy()
    np.savez(images, **arrays)
    shutil.rmtree(fresh.folder / "data")
    fresh.edit("config.yaml", "seeds: [0, 1]", "seeds: [0, 1, 2]")
    answer = fresh.attempt("--", "runs")
    assert answer.returncode != 0
    assert "holds data with digest " in answer.stdout
    (card,) = (fresh.results / "data").glob("*.json")
    assert f"delete results/tiny/data/{card.name} and run the study again" in answer.stdout
    card.unlink()
    assert training(fresh.planned("--", "runs")) == 6


def test_adding_a_seed_for_real_keeps_every_other_run(project):
    before = {seed: project.record("baseline", seed).stat().st_mtime_ns for seed in (0, 1)}
    project.edit("config.yaml", "seeds: [0, 1]", "seeds: [0, 1, 3]")
    said = project.run().splitlines()
    warning = said.index(
        "seed 3 is not in the registered plan: these verdicts will be EXPLORATORY; to confirm, run a new study "
        "(`study: tiny-2`) with new seeds"
    )
    assert warning < min(place for place, line in enumerate(said) if line.startswith("["))  # a run that has ended
    assert all(project.record(variant, 3).exists() for variant in ("baseline", "dropout"))
    assert {seed: project.record("baseline", seed).stat().st_mtime_ns for seed in (0, 1)} == before
    runs = (project.results / "runs.csv").read_text().splitlines()
    assert [line.split(",")[:2] for line in runs[1:4]] == [["baseline", "0"], ["baseline", "1"], ["baseline", "3"]]
    report = (project.results / "results.md").read_text()
    assert "EXPLORATORY" in report
    assert "Seed 3 was added after there were results." in report
    registered = [json.loads(line) for line in (project.results / "registration.jsonl").read_text().splitlines()]
    assert [line["content"]["seeds"] for line in registered if line["kind"] == "registration"] == [[0, 1], [0, 1, 3]]

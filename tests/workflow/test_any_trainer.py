"""What holds for the runs of every trainer: only what is missing runs, and after a crash the same command goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal

import pytest

from seedwise.basics.files import hold_lock
from tests.workflow.conftest import LIMIT, Project, make_project, stop_everything, training_processes, wait_for
from tests.workflow.programs import COMMAND, FUNCTION, ProgramProject, make_program

pytestmark = pytest.mark.slow
TRAINERS = ("image", "command", "function")
ANALYSIS = {"collect_runs": 1, "analyse_study": 1, "plot_figures": 1, "render_report": 1, "render_page": 1, "all": 1}
OF_IMAGE = {
    "another value": ("config.yaml", "model.dropout: 0.2", "model.dropout: 0.4"),
    "shared setting": ("config.yaml", "epochs: 1", "epochs: 2"),
    "one more variant": ("config.yaml", "seeds:", "  - {name: faster, set: {training.learning_rate: 0.1}}\nseeds:"),
    "swapped values": (
        "config.yaml",
        "{model.dropout: 0.2, training.momentum: 0.8}",
        "{model.dropout: 0.8, training.momentum: 0.2}",
    ),
    "other order": (
        "config.yaml",
        "{model.dropout: 0.2, training.momentum: 0.8}",
        "{training.momentum: 0.8, model.dropout: 0.2}",
    ),
    "code": ("seedwise/trainers/image_classifier/training/loop.py", "EVALUATION_BATCH = 500", "EVALUATION_BATCH = 100"),
    "comment": (
        "seedwise/trainers/image_classifier/training/loop.py",
        "EVALUATION_BATCH = 500",
        "EVALUATION_BATCH = (500)  # one",
    ),
    "long": ("config.yaml", "epochs: 1", "epochs: 40"),
    "failing": ("config.yaml", "model.dropout: 0.2", 'training.augmentation: ["broken:augment"]'),
}
OF_PROGRAM = {
    "another value": ("config.yaml", "dropout: 0.2", "dropout: 0.4"),
    "shared setting": ("config.yaml", "steps: 1", "steps: 2"),
    "one more variant": ("config.yaml", "seeds:", "  - {name: faster, set: {rate: 0.2}}\nseeds:"),
    "swapped values": ("config.yaml", "{dropout: 0.2, rate: 0.1}", "{dropout: 0.1, rate: 0.2}"),
    "other order": ("config.yaml", "{dropout: 0.2, rate: 0.1}", "{rate: 0.1, dropout: 0.2}"),
    "code": ("scale.py", "SCALE = 1.0", "SCALE = 2.0"),
    "comment": ("scale.py", "SCALE = 1.0", "SCALE = (1.0)  # one"),
    "long": ("config.yaml", "steps: 1", "steps: 60"),
    "failing": ("config.yaml", "dropout: 0.2", "dropout: 0.2, rate: none"),
}


def edit(project: Project, what: str) -> None:
    project.edit(*(OF_PROGRAM if isinstance(project, ProgramProject) else OF_IMAGE)[what])


def make(folder, trainer: str) -> Project:
    return (
        make_project(folder)
        if trainer == "image"
        else make_program(folder, {"command": COMMAND, "function": FUNCTION}[trainer])
    )


@pytest.fixture(scope="session", params=TRAINERS)
def ended(request, tmp_path_factory, folder_of_all_workers) -> Project:
    """A study of each trainer, run to its end once for all workers."""
    if request.param == "image":
        return request.getfixturevalue("finished")
    made = folder_of_all_workers / f"ended-{request.param}"
    with hold_lock(folder_of_all_workers / f".ended-{request.param}.lock", lambda: None):
        if not made.exists():
            making = make(tmp_path_factory.mktemp("making") / "project", request.param)
            assert making.type().returncode == 0
            making.folder.rename(made)
    folder = shutil.copytree(made, tmp_path_factory.mktemp("ended") / "project", symlinks=True)
    return ProgramProject(folder)


@pytest.fixture
def project(ended, tmp_path) -> Project:
    shutil.copytree(ended.folder, tmp_path / "project", symlinks=True)
    return type(ended)(tmp_path / "project")


@pytest.fixture(params=TRAINERS)
def fresh(request, tmp_path) -> Project:
    return make(tmp_path / "project", request.param)


def training(planned: dict[str, int]) -> int:
    return planned.get("train_run", 0)


def test_a_finished_study_has_nothing_to_do(project):
    assert project.planned() == {}
    assert (project.results / "results.md").exists()


def test_an_added_seed_runs_once_per_variant_and_keeps_every_other_run(project):
    before = {seed: project.record("baseline", seed).stat().st_mtime_ns for seed in (0, 1)}
    project.edit("config.yaml", "seeds: [0, 1]", "seeds: [0, 1, 3]")
    assert project.made("--", "runs") == {"train_run": 2, "runs": 1}
    assert {seed: project.record("baseline", seed).stat().st_mtime_ns for seed in (0, 1)} == before
    assert project.planned() == ANALYSIS


def test_one_run_runs_where_only_one_is_missing(project):
    project.record("dropout", 1).unlink()
    assert project.planned() == {"train_run": 1, **ANALYSIS}
    asked_for_a_table = {"train_run": 1, "collect_runs": 1, "analyse_study": 1}
    assert project.planned("--", "results/tiny/summary.csv") == asked_for_a_table, "it would be that of a deleted run"


def test_a_verbose_dry_run_of_a_fresh_study_says_that_files_are_missing(fresh):
    printed = fresh.run("--dry-run", "--printshellcmds")
    assert "Missing output files: results/tiny/runs/baseline/seed0/metrics.json" in printed
    assert "Forced execution" not in printed


def test_without_hooks_a_context_that_cannot_be_written_is_one_line(fresh):
    (fresh.results / ".context.json").mkdir(parents=True)  # as a disk that is full or cannot be written
    answer = fresh.attempt("--no-hooks", "--", "runs")
    assert answer.returncode == 1
    assert answer.stdout.splitlines()[-1].endswith(": Is a directory")
    assert "Traceback" not in answer.stdout


def test_a_removed_seed_and_a_new_plan_run_nothing(project):
    project.edit("config.yaml", "seeds: [0, 1]", "seeds: [0]")
    project.edit("config.yaml", "baseline: baseline}", "baseline: baseline, confidence: 0.9}")
    assert project.planned() == ANALYSIS


def test_a_changed_or_added_variant_runs_only_its_seeds(project):
    edit(project, "another value")
    assert project.planned() == {"train_run": 2, **ANALYSIS}
    edit(project, "one more variant")
    assert project.planned() == {"train_run": 4, **ANALYSIS}


def test_swapped_values_are_a_change_and_another_order_is_none(project):
    edit(project, "other order")
    assert training(project.planned()) == 0
    config = project.config.read_text()
    project.config.write_text(config.replace(*reversed(order(project))))
    edit(project, "swapped values")
    assert training(project.planned()) == 2


def order(project: Project) -> tuple[str, str]:
    return (OF_PROGRAM if isinstance(project, ProgramProject) else OF_IMAGE)["other order"][1:]


def test_a_shared_setting_that_changes_runs_everything(project):
    edit(project, "shared setting")
    assert project.planned() == {"train_run": 4, **ANALYSIS}


def test_one_edited_file_runs_what_it_concerns_and_a_comment_nothing(project):
    edit(project, "comment")
    assert training(project.planned()) == 0
    file, _, commented = (OF_PROGRAM if isinstance(project, ProgramProject) else OF_IMAGE)["comment"]
    _, before, after = (OF_PROGRAM if isinstance(project, ProgramProject) else OF_IMAGE)["code"]
    project.edit(file, commented, before)
    project.edit(file, before, after)
    assert project.planned() == {"train_run": 4, **ANALYSIS}


def test_after_ctrl_c_the_same_command_goes_on_to_the_same_numbers(fresh, tmp_path):
    edit(fresh, "long")
    fresh.edit("config.yaml", "seeds: [0, 1]", "seeds: [0]")
    process = fresh.start("--", "runs")
    try:
        wait_for(lambda: started(fresh))
        os.killpg(process.pid, signal.SIGINT)
        process.wait(LIMIT)
        wait_for(lambda: not training_processes(fresh))
        assert not list(fresh.results.glob("runs/*/*/metrics.json"))
        fresh.run("--", "runs")
        logs = [path.read_text() for path in fresh.results.glob("logs/train_run/*/*.log")]
        assert any("resuming after" in text for text in logs)
    finally:
        stop_everything(fresh, process)
    again = type(fresh)(
        shutil.copytree(fresh.folder, tmp_path / "again", ignore=shutil.ignore_patterns("results", ".snakemake"))
    )
    again.run("--", "runs")
    for variant in ("baseline", "dropout"):
        numbers = [json.loads(one.record(variant, 0).read_text())["metrics"] for one in (fresh, again)]
        assert numbers[0] == numbers[1]


def started(project: Project) -> bool:
    """Whether a run has left a checkpoint."""
    return any(project.results.glob("runs/*/*/checkpoint-*.pt")) or any(project.results.glob("runs/*/*/out/step.txt"))


def test_after_sigkill_of_the_runs_the_same_command_goes_on(fresh):
    edit(fresh, "long")
    fresh.edit("config.yaml", "seeds: [0, 1]", "seeds: [0]")
    process = fresh.start("--", "runs")
    try:
        wait_for(lambda: started(fresh))
        for pid in training_processes(fresh):
            os.kill(pid, signal.SIGKILL)
        assert process.wait(LIMIT) != 0
        fresh.run("--", "runs")
        assert len(list(fresh.results.glob("runs/*/*/metrics.json"))) == 2
    finally:
        stop_everything(fresh, process)

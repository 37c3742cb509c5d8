"""A record counts only if it is the one that the study asks for, whatever Snakemake remembers of it."""

import json
import shutil
import subprocess

import pytest

from tests.workflow.conftest import Project

pytestmark = pytest.mark.slow


def planned_training(project, *options):
    return project.planned(*options).get("train_run", 0)


def forget(project):
    """What a copy of results/ and data/ in another clone lacks: what Snakemake knows."""
    shutil.rmtree(project.folder / ".snakemake")


def change(record, **values):
    record.write_text(json.dumps(json.loads(record.read_text()) | values))


def test_records_that_fit_are_kept_though_snakemake_knows_nothing_of_them(project):
    forget(project)
    assert project.planned() == {}
    project.edit("config.yaml", "seeds: [0, 1]", "seeds: [0, 1, 2]")
    assert planned_training(project) == 2


def test_records_of_other_settings_are_made_again_though_snakemake_knows_nothing_of_them(project):
    forget(project)
    project.edit("config.yaml", "epochs: 1", "epochs: 2")
    project.edit("config.yaml", "learning_rate: 0.05", "learning_rate: 0.01")
    (project.results / "summary.csv").unlink()
    assert planned_training(project) == 4
    status = project.run("--", "status")
    assert "Study tiny: 0 of 4 runs finished, 4 outdated" in status
    assert (
        "baseline: seeds 0, 1 (training.epochs was 1 and is now 2; training.learning_rate was 0.05 and is now 0.01)"
        in status
    )
    printed = project.run()
    assert "4 finished runs do not fit the study and are run again" in printed
    for variant in ("baseline", "dropout"):
        assert json.loads(project.record(variant, 0).read_text())["settings"]["training"]["epochs"] == 2
    assert "| Epochs | 2; " in (project.results / "results.md").read_text()
    assert project.planned() == {}


def test_a_seed_that_is_added_mixes_nothing(project):
    forget(project)
    project.edit("config.yaml", "epochs: 1", "epochs: 2")
    project.edit("config.yaml", "seeds: [0, 1]", "seeds: [0, 1, 2]")
    assert planned_training(project) == 6


def test_a_copy_in_another_clone_counts_as_far_as_it_fits(project, tmp_path):
    other = Project(tmp_path / "other")
    shutil.copytree(project.folder, other.folder, ignore=shutil.ignore_patterns(".snakemake"))
    assert other.planned() == {}
    other.edit("seedwise/trainers/image_classifier/training/loop.py", "EVALUATION_BATCH = 500", "EVALUATION_BATCH = 50")
    assert planned_training(other) == 4
    assert "code changed: seedwise/trainers/image_classifier/training/loop.py" in other.run("--", "status"), (
        "the status names the file"
    )


def test_records_that_do_not_fit_are_made_again_and_no_other(project):
    """One spoilt in each way: from another study, copied over another seed, impossible, torn."""
    project.edit("config.yaml", "seeds: [0, 1]", "seeds: [0, 1, 2]")
    project.run("--", "runs")
    right = {path: json.loads(path.read_text())["metrics"] for path in project.results.glob("runs/*/*/metrics.json")}
    change(project.record("baseline", 0), study="another")
    shutil.copy(project.record("baseline", 2), project.record("baseline", 1))
    change(project.record("dropout", 0), metrics=right[project.record("dropout", 0)] | {"test_accuracy": 1.5})
    project.record("dropout", 1).write_bytes(b"")
    (project.record("dropout", 2).parent / "predictions.npz").unlink()
    assert planned_training(project) == 5
    status = project.run("--", "status")
    for reason in (
        "baseline: seed 0 (its study is another, not tiny)",
        "baseline: seed 1 (its seed is 2, not 1)",
        "dropout: seed 0 (test_accuracy is 1.5; possible values lie in [0, 1])",
        "dropout: seed 1 (it is not a run record)",
        "dropout: seed 2 (its predictions.npz is missing)",
    ):
        assert reason in status
    assert project.made()["train_run"] == 5
    assert {path: json.loads(path.read_text())["metrics"] for path in right} == right
    assert (project.record("dropout", 2).parent / "predictions.npz").exists()


def test_records_that_contradict_their_predictions_are_refused_all_at_once_with_one_remedy(project):
    for seed in (0, 1):
        record = project.record("dropout", seed)
        change(record, metrics=json.loads(record.read_text())["metrics"] | {"test_accuracy": 0.5})
    answer = project.attempt()
    assert answer.returncode != 0
    assert "2 run records of study tiny cannot be used, so nothing is collected" in answer.stdout
    for seed in (0, 1):
        place = f"results/tiny/runs/dropout/seed{seed}/metrics.json"
        assert f"{place}: its test_accuracy is 0.5, but the mean of its scores is" in answer.stdout
    remedy = next(line for line in answer.stdout.splitlines() if line.startswith("  rm "))
    for path in remedy.removeprefix("  rm ").split():
        (project.folder / path).unlink()
    assert project.made()["train_run"] == 2


def test_training_code_that_is_edited_while_the_study_runs_is_not_credited_to_the_old_code(fresh):
    """A run reads its code when it starts: the record must not name other code than the one that ran."""
    fresh.edit(
        "tests/tiny.py",
        "del folder",
        "loop = Path('seedwise/trainers/image_classifier/training/loop.py')\n"
        "    loop.write_text(loop.read_text().replace('EVALUATION_BATCH = 500', 'EVALUATION_BATCH = 50'))",
    )
    fresh.edit("config.yaml", "seeds: [0, 1]", "seeds: [0]")
    answer = fresh.attempt("--retries", "0")  # preparing the data edits the code: after the start, before the runs
    assert answer.returncode != 0
    assert "the training code has changed since this command was started" in answer.stdout
    assert not list(fresh.results.glob("runs/*/*/metrics.json"))
    fresh.run("--", "runs")
    assert fresh.planned("--", "runs") == {}


def test_a_config_that_git_does_not_have_is_named_by_the_record_and_the_report(project):
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    (project.folder / ".gitignore").write_text("results\ndata\n.snakemake\n__pycache__\nconfig.yaml\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "Code"]):
        subprocess.run([*git, *words], cwd=project.folder, check=True)
    project.record("baseline", 0).unlink()
    assert "Note: git does not have config.yaml, without which" in project.run("--", "runs", "results/tiny/results.md")
    origin = json.loads(project.record("baseline", 0).read_text())["provenance"]
    assert origin["commit"]
    assert (origin["dirty"], origin["uncommitted"]) == (False, ["config.yaml"])
    report = (project.results / "results.md").read_text()
    assert f"Commit `{origin['commit']}` is not enough: it does not contain `config.yaml`" in report
    assert "git checkout" not in report

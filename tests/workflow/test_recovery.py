"""After a crash the same plain command goes on: no unlocking, no half records, no second writer."""

import json
import os
import signal

import pytest

from tests.workflow.conftest import LIMIT, stop_everything, training_processes, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def long(fresh):
    """A study whose runs take long enough to be killed in the middle."""
    fresh.edit("config.yaml", "epochs: 1", "epochs: 40")
    fresh.edit("config.yaml", "seeds: [0, 1]", "seeds: [0]")
    return fresh


def checkpoints(project):
    return list(project.results.glob("runs/*/*/checkpoint-*.pt"))


def test_after_ctrl_c_the_same_command_resumes(long):
    process = long.start()
    try:
        wait_for(lambda: checkpoints(long))
        os.killpg(process.pid, signal.SIGINT)
        process.wait(LIMIT)
        assert not list(long.results.glob("runs/*/*/metrics.json"))
        long.run()
        assert (long.results / "results.md").exists()
        logs = [path.read_text() for path in long.results.glob("logs/train_run/*/*.log")]
        assert any("resuming after epoch" in text for text in logs)
        assert not checkpoints(long)
    finally:
        stop_everything(long, process)


def test_after_sigkill_of_a_run_the_same_command_resumes_it(long):
    process = long.start("--", "runs")
    try:
        wait_for(lambda: checkpoints(long))
        for pid in training_processes(long):
            os.kill(pid, signal.SIGKILL)
        assert process.wait(LIMIT) != 0
        long.run("--", "runs")
        assert len(list(long.results.glob("runs/*/*/metrics.json"))) == 2
    finally:
        stop_everything(long, process)


def test_after_sigkill_of_snakemake_the_orphans_finish_and_are_taken_over(long):
    process = long.start("--", "runs")
    try:
        wait_for(lambda: len(checkpoints(long)) == 2)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(LIMIT)
        assert training_processes(long), "the runs go on as orphans"
        long.run("--", "runs")
        records = [json.loads(path.read_text()) for path in long.results.glob("runs/*/*/metrics.json")]
        assert [record["epochs"] for record in records] == [40, 40]
        logs = [path.read_text() for path in long.results.glob("logs/train_run/*/*.log")]
        assert any("another process is training this run; waiting for it" in text for text in logs)
        assert any("the other process finished it" in text for text in logs)
    finally:
        stop_everything(long, process)


def test_two_snakemakes_never_run_one_study_at_once(long):
    process = long.start()
    try:
        wait_for(lambda: training_processes(long))
        answer = long.attempt()
        assert answer.returncode != 0
        assert (
            "another snakemake is running the study tiny (results/tiny); wait for it, or stop it first" in answer.stdout
        )
        assert "Traceback" not in answer.stdout
        assert process.poll() is None
        assert long.attempt("--dry-run").returncode == 0
    finally:
        stop_everything(long, process)


def test_a_failing_run_does_not_stop_the_others_and_its_log_is_shown(fresh):
    (fresh.folder / "broken.py").write_text("def augment(images, generator):\n    raise ValueError('of no use')\n")
    fresh.edit("config.yaml", "model.dropout: 0.2", 'training.augmentation: ["broken:augment"]')
    answer = fresh.attempt()
    assert answer.returncode != 0
    assert "of no use" in answer.stdout
    assert fresh.record("baseline", 0).exists()
    assert fresh.record("baseline", 1).exists()
    assert not fresh.record("dropout", 0).exists()
    assert not (fresh.results / "results.md").exists()


def test_a_diverged_run_is_reported_and_never_dropped(project):
    project.edit("config.yaml", "model.dropout: 0.2", "training.learning_rate: 1.0e+30, training.schedule: constant")
    project.run()
    report = (project.results / "results.md").read_text()
    assert "2 of 2 runs diverged" in report
    assert "TOO_FEW_SEEDS" in report
    runs = (project.results / "runs.csv").read_text().splitlines()
    assert [line.split(",")[2] for line in runs[1:]] == ["finished", "finished", "diverged", "diverged"]

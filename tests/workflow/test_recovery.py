"""After a crash the same plain command goes on: no unlocking, no half records, no second writer."""

import json
import os
import re
import signal

import pytest

from seedwise.analysis.tables import read_table
from seedwise.runs.record import read_record
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


def test_after_sigkill_of_snakemake_the_orphans_finish_and_are_taken_over(long):
    def logs():
        return [path.read_text() for path in long.results.glob("logs/train_run/*/*.log")]

    process, again = long.start("--", "runs"), None
    try:
        wait_for(lambda: len(checkpoints(long)) == 2)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(LIMIT)
        orphans = training_processes(long)
        assert orphans, "the runs go on as orphans"
        # On a busy machine they could be done before the next command looks for them.
        for orphan in orphans:
            os.kill(orphan, signal.SIGSTOP)
        again = long.start("--", "runs")
        wait_for(lambda: any("another process is training this run; waiting for it" in text for text in logs()))
        for orphan in orphans:
            os.kill(orphan, signal.SIGCONT)
        assert again.wait(LIMIT) == 0
        records = [json.loads(path.read_text()) for path in long.results.glob("runs/*/*/metrics.json")]
        assert [record["epochs"] for record in records] == [40, 40]
        assert any("the other process finished it" in text for text in logs())
    finally:
        stop_everything(long, again or process)


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


def test_diverged_runs_are_reported_with_their_reasons_and_never_dropped(project):
    at_chance = '  - {name: still, label: "Still *here*", set: {training.learning_rate: 1.0e-7}}'
    project.edit("config.yaml", "model.dropout: 0.2", "training.learning_rate: 1.0e+30, training.schedule: constant")
    project.edit("config.yaml", "seeds: [0, 1]", f"{at_chance}\nseeds: [0, 1]")
    project.run()
    report = (project.results / "results.md").read_text()
    assert r"**+ Dropout** and **Still \*here\*** each: 2 of 2 runs diverged" in report
    assert "NO_RESULT" in report
    assert "- **+ Dropout** seeds 0 and 1 diverged: loss is not finite in epoch 1." in report
    runs = read_table(project.results / "runs.csv")
    assert list(runs["status"]) == ["finished"] * 2 + ["diverged"] * 4
    assert list(runs["test_accuracy"].notna()) == [True, True, False, False, True, True]
    still = runs.loc[runs["variant"] == "still", ["seed", "reason", "test_accuracy"]]
    for seed, reason, accuracy in still.itertuples(index=False):
        record = read_record(project.record("still", seed))
        assert reason == record.reason
        assert "is no better than chance (0.1000 plus 3 standard errors is 0.2162)" in reason
        assert accuracy == record.metrics["test_accuracy"]
        assert re.search(rf"- \*\*Still \\\*here\\\*\*\* seed.* {seed}.* diverged: {re.escape(reason)}\.", report)
        assert rf"| Still \*here\* | {seed} | diverged | {accuracy!r} |" in report

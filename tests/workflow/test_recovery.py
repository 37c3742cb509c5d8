"""After a crash the same plain command goes on: no unlocking, no half records, no second writer."""

import json
import os
import re
import signal

import pytest

from seedwise.analysis.tables import read_table
from seedwise.registration.ledger import read_ledger
from seedwise.registration.results import known_results, results_in
from seedwise.runs.record import read_record
from tests.workflow.conftest import LIMIT, stop_everything, training_processes, wait_for
from tests.workflow.programs import COMMAND, make_program

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


def test_a_run_that_had_ended_when_snakemake_was_killed_is_kept(tmp_path):
    """Snakemake has not noted its end, and would remove its record; another result could not be told from a choice."""
    project = make_program(tmp_path / "project", COMMAND.replace("steps: 1", "steps: 20"))
    record = project.record("baseline", 0)
    process = project.start("--", str(record.relative_to(project.folder)))
    try:
        wait_for((record.parent / "attempt.json").exists)
        os.kill(process.pid, signal.SIGSTOP)
        wait_for(record.exists)
        written = record.read_bytes()
    finally:
        stop_everything(project, process)
    assert any((project.folder / ".snakemake/incomplete").iterdir())
    assert project.made()["train_run"] == 3
    assert record.read_bytes() == written
    ledger = read_ledger(project.results)
    assert len(ledger.of("registration")) == 1
    assert known_results(ledger) == results_in(project.results)


def test_a_result_that_is_gone_because_its_run_is_repeated_begins_nothing_again(tmp_path):
    """The only result is being replaced, by a study that has changed, when everything is killed."""
    project = make_program(tmp_path / "project")
    record = project.record("baseline", 0)
    target = str(record.relative_to(project.folder))
    project.run(target)
    project.edit("config.yaml", "steps: 1", "steps: 400")
    process = project.start("--", target)
    try:
        wait_for(lambda: not record.exists())
    finally:
        stop_everything(project, process)
    project.edit("config.yaml", "steps: 400", "steps: 2")
    printed = project.run()
    assert "the settings of variants baseline and dropout differ from what was registered" in printed
    ledger = read_ledger(project.results)
    assert not any(entry.content.get("again") for entry in ledger.entries)
    assert "All runs begun again" not in (project.results / "results.md").read_text()


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

"""Where each run of a study stands, from what lies in its folder; as a table and as JSON."""

import json
import socket
import subprocess
import sys

import pytest

from seedwise.basics.errors import UserError
from seedwise.config.study import Study
from seedwise.progress.interim import interim_reasons, interim_table
from seedwise.progress.states import RunState, read_states, read_status
from seedwise.progress.status import status_json, status_text
from seedwise.runs.record import COLUMNS, read_record
from tests.test_records import record

CODE = {"baseline": "c" * 12, "dropout": "c" * 12}
HISTORY = "epoch,train_loss,validation_loss,validation_accuracy,learning_rate,seconds\n1,1.5,1.2,0.5,0.1,2.0\n"


@pytest.fixture
def study():
    return Study.model_validate(
        {
            "study": "s",
            "title": "A study",
            "training": {"epochs": 3},
            "variants": [{"name": "baseline"}, {"name": "dropout", "set": {"model.dropout": 0.2}}],
            "seeds": [0, 1, 2, 3],
            "analysis": {"baseline": "baseline"},
        }
    )


def put_record(study, root, variant, seed, **changes):
    origin = record().provenance.model_copy(
        update={"settings_digest": study.settings(variant).digest(), **changes.pop("provenance", {})}
    )
    reason = changes.pop("reason", None)
    made = record(variant, seed, **changes).model_copy(update={"provenance": origin, "reason": reason})
    path = study.record_path(variant, seed, root)
    path.parent.mkdir(parents=True)
    path.write_text(made.model_dump_json())


def put_attempt(study, root, variant, seed, **changes):
    folder = study.run_folder(variant, seed, root)
    folder.mkdir(parents=True)
    mark = {"host": "node17", "pid": 1, "started": 1000.0, **changes}
    (folder / "attempt.json").write_text(json.dumps(mark))
    return folder


@pytest.fixture
def halfway(study, tmp_path):
    """One run in each state, and the states of all."""
    put_record(study, tmp_path, "baseline", 0, accuracy=0.75)
    put_record(study, tmp_path, "baseline", 1, status="diverged", reason="its loss is no number")
    put_record(study, tmp_path, "baseline", 2, provenance={"code_digest": "d" * 12})
    (put_attempt(study, tmp_path, "dropout", 0) / "history.csv").write_text(HISTORY)
    put_attempt(study, tmp_path, "dropout", 1, error="ValueError: of no use")
    log = tmp_path / "s/logs/train_run/dropout/seed1.log"
    log.parent.mkdir(parents=True)
    log.write_text("Traceback")
    put_attempt(study, tmp_path, "dropout", 2, error="interrupted", interrupted=True)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    put_attempt(study, tmp_path, "dropout", 3, host=socket.gethostname(), pid=ended.pid)
    return read_states(study, study.runs(), CODE, tmp_path)


def test_every_state_is_told_from_the_others(halfway, tmp_path):
    assert [run.state for run in halfway] == [
        *("finished", "diverged", "outdated", "missing"),
        *("running", "failed", "interrupted", "failed"),
    ]
    _, _, outdated, missing, running, failed, _, killed = halfway
    assert outdated.reason == "trained with other code"
    assert missing.reason is None
    assert (running.epoch, running.epochs, running.validation_accuracy, running.started) == (1, 3, 0.5, 1000.0)
    assert failed.reason == "ValueError: of no use"
    assert failed.log == str(tmp_path / "s/logs/train_run/dropout/seed1.log")
    assert "killed" in killed.reason


def test_other_settings_make_a_record_outdated(study, tmp_path):
    put_record(study, tmp_path, "baseline", 0, provenance={"settings_digest": "x" * 12})
    state = read_states(study, study.runs()[:1], CODE, tmp_path)[0]
    assert (state.state, state.reason) == ("outdated", "trained with other settings")


def test_a_torn_record_is_named(study, tmp_path):
    path = study.record_path("baseline", 0, tmp_path)
    path.parent.mkdir(parents=True)
    for content in ('{"status": "fin', "[]", '{"status": "great"}'):
        path.write_text(content)
        state = read_states(study, study.runs()[:1], CODE, tmp_path)[0]
        assert state.state == "failed"
        assert state.reason.startswith(f"{path} is not a run record; delete {path.parent} and run the study again")


def test_a_study_that_trains_nothing_says_so(study, tmp_path):
    elsewhere = Study.model_validate({**study.model_dump(by_alias=True), "runs": {"from": "csv", "path": "runs.csv"}})
    with pytest.raises(UserError, match="its runs were recorded elsewhere"):
        read_states(elsewhere, elsewhere.runs(), CODE, tmp_path)


def test_the_table_counts_and_names_the_runs(halfway, tmp_path):
    text = status_text("s", halfway, now=1075.0).replace(str(tmp_path), "results")
    assert (
        text
        == """\
Study s: 1 of 8 runs finished, 1 diverged, 1 outdated, 2 failed, 1 interrupted, 1 running, 1 missing

variant   expected  finished  diverged  outdated  failed  interrupted  running  missing
baseline         4         1         1         1       -            -        -        1
dropout          4         -         -         -       2            1        1        -
total            8         1         1         1       2            1        1        1

running:
  dropout  seed 0: epoch 1 of 3, validation accuracy 0.5000, for 1 min 15 s

failed:
  dropout  seed 1: ValueError: of no use
    log: results/s/logs/train_run/dropout/seed1.log
  dropout  seed 3: ended without a word: killed, out of memory or time, or the machine went down

diverged:
  baseline  seed 1: its loss is no number

outdated, and trained anew by the next run of the study:
  baseline: seed 2

interrupted, and taken up again by the next run of the study:
  dropout: seed 2

missing:
  baseline: seed 3"""
    )


def test_the_json_comes_back_and_counts_the_same(halfway, tmp_path):
    path = tmp_path / "status.json"
    path.write_text(status_json("s", halfway))
    assert read_status(path) == tuple(halfway)
    told = json.loads(path.read_text())
    assert told["counts"]["failed"] == told["variants"]["dropout"]["failed"] == 2
    assert told["variants"]["baseline"]["expected"] == 4
    assert told["expected"] == sum(told["counts"].values()) == 8


def test_many_runs_are_counted_and_not_all_listed():
    states = [RunState(variant="a", seed=seed, epochs=3, state="failed", reason="no") for seed in range(1000)]
    states += [RunState(variant="b", seed=seed, epochs=3, state="missing") for seed in range(0, 1000, 2)]
    text = status_text("s", states)
    assert "and 980 more" in text
    assert "b: seeds 0, 2, 4, 6, 8, 10, 12, 14 and 492 more" in text
    assert len(text.splitlines()) < 40


def test_the_table_of_an_interim_report_has_every_run(halfway, study, tmp_path):
    records = [read_record(study.record_path("baseline", seed, tmp_path)) for seed in (0, 1)]
    header, *rows = interim_table(halfway, records).splitlines()
    assert header == ",".join(COLUMNS)
    assert [row.split(",")[2] for row in rows] == [
        *("finished", "diverged", "missing", "missing"),
        *("running", "failed", "missing", "failed"),
    ]
    assert rows[0].split(",")[3] == "0.75"
    assert {row.count(",") for row in rows[2:]} == {header.count(",")}
    with pytest.raises(UserError, match=r"no run has a result yet \(1 of 8 runs finished"):
        interim_table(halfway, [])


def test_the_reasons_of_an_interim_report_name_the_runs(halfway, tmp_path):
    first, *named = [reason.replace(str(tmp_path), "results") for reason in interim_reasons(halfway)]
    assert first.startswith("This is an interim report: 2 of 8 runs have a result.")
    assert named == [
        "1 diverged: baseline seed 1 (its loss is no number).",
        "1 outdated (their records belong to other settings or code): baseline seed 2.",
        "2 failed: dropout seed 1 (ValueError: of no use; log: results/s/logs/train_run/dropout/seed1.log); "
        "dropout seed 3 (ended without a word: killed, out of memory or time, or the machine went down).",
        "1 interrupted: dropout seed 2.",
        "1 running: dropout seed 0 (epoch 1 of 3, validation accuracy 0.5000).",
        "1 missing: baseline seed 3.",
    ]
    done = [run for run in halfway if run.state in ("finished", "diverged")]
    assert interim_reasons(done)[0] == (
        "This is an interim report. All 2 runs have a result now: the study's own report covers them."
    )

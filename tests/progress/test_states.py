"""The state of each run of a study, read from its folder; as a table and as JSON."""

import io
import json
import socket
import subprocess
import sys
from dataclasses import replace
from functools import partial

import pandas as pd
import pytest

from seedwise.basics.errors import UserError
from seedwise.config.study import Study
from seedwise.config.study_file import Expected, StudyFile
from seedwise.progress.interim import interim_reasons, interim_table
from seedwise.progress.states import RunState, Step, read_logged_step, read_states, read_status, read_step
from seedwise.progress.status import status_json, status_text
from seedwise.runs.data_card import DataCard, write_card
from seedwise.runs.record import read_record, run_columns, write_record
from tests.runs.test_record import record

CODE, DATA = "c" * 12, "e" * 12
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


def asked(study, root, card=None):
    """The study as the workflow has resolved it."""
    expected = {
        variant.name: Expected(settings=study.settings(variant.name).digest(), code=CODE, data=DATA)
        for variant in study.variants
    }
    return StudyFile(study=study, config="config.yaml", seeds=study.seeds, expected=expected, card=str(card or ""))


def put_record(study, root, variant, seed, **changes):
    made_with = {"settings_digest": study.settings(variant).digest(), "data": DATA, **changes.pop("provenance", {})}
    origin = replace(record().provenance, **made_with)
    reason = changes.pop("reason", None)
    settings = json.loads(study.settings(variant).canonical())
    made = replace(record(variant, seed, **changes), provenance=origin, reason=reason, settings=settings)
    path = study.record_path(variant, seed, root)
    write_record(path, made)
    for name in ("history.csv", "predictions.npz"):
        path.with_name(name).touch()


def put_attempt(study, root, variant, seed, **changes):
    folder = study.run_folder(variant, seed, root)
    folder.mkdir(parents=True)
    mark = {"host": "node17", "pid": 1, "started": 1000.0, **changes}
    (folder / "attempt.json").write_text(json.dumps(mark))
    return folder


@pytest.fixture
def halfway(study, tmp_path):
    """Put one run in each state and read the states of all."""
    put_record(study, tmp_path, "baseline", 0, accuracy=0.75)
    put_record(study, tmp_path, "baseline", 1, status="diverged", reason="its loss is not finite")
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
    return read_states(asked(study, tmp_path), tmp_path)


def test_every_state_is_recognised(halfway, tmp_path):
    assert [run.state for run in halfway] == [
        *("finished", "diverged", "outdated", "missing"),
        *("running", "failed", "interrupted", "failed"),
    ]
    _, _, outdated, missing, running, failed, _, killed = halfway
    assert outdated.reason == f"code changed ({tmp_path}/s/digests does not say which files)"
    assert missing.reason is None
    assert (running.step, running.steps, running.started) == (1, 3, 1000.0)
    assert failed.reason == "ValueError: of no use"
    assert failed.log == str(tmp_path / "s/logs/train_run/dropout/seed1.log")
    assert "killed" in killed.reason


def state_of(study, root, **changes):
    put_record(study, root, "baseline", 0, **changes)
    return read_states(asked(study, root, root / "card.json"), root)[0]


def test_a_record_with_other_settings_says_which_differ(study, tmp_path):
    put_record(study, tmp_path, "baseline", 0)
    longer = Study.model_validate(study.model_dump(by_alias=True) | {"training": {"epochs": 4, "learning_rate": 0.1}})
    state = read_states(asked(longer, tmp_path), tmp_path)[0]
    assert (state.state, state.reason) == (
        "outdated",
        "training.epochs was 3 and is now 4; training.learning_rate was 0.05 and is now 0.1",
    )


def test_a_record_with_other_code_or_data_says_which_files_differ(study, tmp_path):
    parts = {"d" * 12: {"a.py": "1", "b.py": "1", "c.py": "1"}, CODE: {"a.py": "2", "b.py": "1", "new.py": "1"}}
    parts |= {"f" * 12: {"read.py": "1", "raw files": "1"}, DATA: {"read.py": "1", "raw files": "2"}}
    (tmp_path / "s/digests").mkdir(parents=True)
    for digest, files in parts.items():
        (tmp_path / f"s/digests/{digest}.json").write_text(json.dumps(files))
    state = state_of(study, tmp_path, provenance={"code_digest": "d" * 12, "data": "f" * 12})
    assert (state.state, state.reason) == (
        "outdated",
        "code changed: a.py, c.py, new.py; data changed: raw files",
    )


def test_a_record_whose_data_were_prepared_again_and_differ_says_so(study, tmp_path):
    write_card(tmp_path / "card.json", DataCard(content="9" * 16, made_of=DATA, counts={}))
    state = state_of(study, tmp_path, provenance={"data": DATA})
    assert (state.state, state.reason) == ("outdated", "its data were prepared again and are different now")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"study": "t"}, "its study is t, not s"),
        ({"variant": "dropout"}, "its variant is dropout, not baseline"),
        ({"seed": 7}, "its seed is 7, not 0"),
        ({"metrics": {"test_accuracy": 1.5}}, "test_accuracy is 1.5; possible values lie in [0, 1]"),
        ({"metrics": {"test_loss": -1.0}}, "test_loss is -1.0; possible values lie in [0, inf]"),
        ({"metrics": {"test_accuracy": "high"}}, "test_accuracy is not a number"),
        ({"status": "great"}, "it is not a run record"),
        ({"timing": None}, "it is not a run record"),
        ({"timing": {"total": "long"}}, "it is not a run record"),
        ({"epochs": "many"}, "it is not a run record"),
        ({"settings": [1]}, "it is not a run record"),
        ({"reason": ["no"]}, "it is not a run record"),
    ],
)
def test_a_record_that_contradicts_the_study_is_outdated(study, tmp_path, change, reason):
    put_record(study, tmp_path, "baseline", 0)
    path = study.record_path("baseline", 0, tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    state = read_states(asked(study, tmp_path), tmp_path)[0]
    assert (state.state, state.reason) == ("outdated", reason)


def test_a_record_with_an_infinite_value_is_outdated(study, tmp_path):
    put_record(study, tmp_path, "baseline", 0)
    path = study.record_path("baseline", 0, tmp_path)
    path.write_text(path.read_text().replace('"test_loss": 0.9', '"test_loss": Infinity'))
    state = read_states(asked(study, tmp_path), tmp_path)[0]
    assert (state.state, state.reason) == ("outdated", "test_loss is inf, not a finite number")


@pytest.mark.parametrize("content", ['{"status": "fin', "[]", '{"status": "great"}', "", "\x00\x01"])
def test_a_corrupt_record_is_outdated(study, tmp_path, content):
    path = study.record_path("baseline", 0, tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text(content)
    state = read_states(asked(study, tmp_path), tmp_path)[0]
    assert (state.state, state.reason) == ("outdated", "it is not a run record")


def test_a_study_without_runs_of_its_own_is_an_error(study, tmp_path):
    elsewhere = Study.model_validate({**study.model_dump(by_alias=True), "runs": {"from": "csv", "path": "runs.csv"}})
    with pytest.raises(UserError, match="its runs were recorded elsewhere"):
        read_states(asked(elsewhere, tmp_path), tmp_path)


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
  dropout  seed 0: epoch 2 of 3, for 1 min 15 s

failed:
  dropout  seed 1: ValueError: of no use
    log: results/s/logs/train_run/dropout/seed1.log
  dropout  seed 3: ended without an error message: killed, out of memory, time or disk space, or the machine went down

diverged:
  baseline  seed 1: its loss is not finite

outdated, and run again with the study:
  baseline: seed 2 (code changed (results/s/digests does not say which files))

interrupted, and run again with the study, from a checkpoint where there is one:
  dropout: seed 2

missing:
  baseline: seed 3"""
    )


def test_the_json_can_be_read_and_has_the_same_counts(halfway, tmp_path):
    path = tmp_path / "status.json"
    path.write_text(status_json("s", halfway))
    assert read_status(path) == tuple(halfway)
    status = json.loads(path.read_text())
    assert status["counts"]["failed"] == status["variants"]["dropout"]["failed"] == 2
    assert status["variants"]["baseline"]["expected"] == 4
    assert status["expected"] == sum(status["counts"].values()) == 8
    running = next(run for run in status["runs"] if run["state"] == "running")
    assert (running["epoch"], running["epochs"]) == (1, 3)


def test_no_score_is_told_while_runs_are_missing(halfway):
    told = status_json("s", halfway) + status_text("s", halfway)
    assert [value for value in ("accuracy", "0.5", "0.75") if value in told] == []


@pytest.mark.parametrize("history", ["", "epoch,seconds\n", "epoch,seconds\n1", "epoch\n1\n", "epoch,seconds\nx,1.0\n"])
def test_a_damaged_history_says_nothing(tmp_path, history):
    (tmp_path / "history.csv").write_text(history)
    assert read_step(tmp_path / "history.csv", "epoch") is None


def test_the_last_whole_line_of_a_log_counts(tmp_path):
    log = tmp_path / "history.jsonl"
    log.write_text('{"step": 3}\n{"step": 4, "loss": 1}\n[5]\nnull\n{"step": Infinity}\n{"step": 6')
    assert read_logged_step(log) == Step(4, None)


def test_many_runs_are_counted_and_not_all_listed():
    a_run = partial(RunState, unit="epoch", steps=3)
    states = [a_run(variant="a", seed=seed, state="failed", reason="no") for seed in range(1000)]
    states += [a_run(variant="b", seed=seed, state="missing") for seed in range(0, 1000, 2)]
    text = status_text("s", states)
    assert "and 980 more" in text
    assert "b: seeds 0, 2, 4, 6, 8, 10, 12, 14 and 492 more" in text
    assert len(text.splitlines()) < 40


def test_the_table_of_an_interim_report_has_every_run(halfway, study, tmp_path):
    records = [read_record(study.record_path("baseline", seed, tmp_path)) for seed in (0, 1)]
    table = pd.read_csv(io.StringIO(interim_table(halfway, records)), keep_default_na=False)
    assert tuple(table.columns) == run_columns(records)
    assert list(table["status"]) == [
        *("finished", "diverged", "missing", "missing"),
        *("running", "failed", "missing", "failed"),
    ]
    assert list(table["reason"][:6]) == ["", "its loss is not finite", "", "", "", "ValueError: of no use"]
    assert table["reason"][7].startswith("ended without an error message: killed, ")
    assert list(table["test_accuracy"][:3]) == ["0.75", "", ""]
    with pytest.raises(UserError, match=r"no run has a result yet \(1 of 8 runs finished"):
        interim_table(halfway, [])


def test_the_reasons_of_an_interim_report_name_the_runs(halfway, tmp_path):
    first, *named = [reason.replace(str(tmp_path), "results") for reason in interim_reasons(halfway)]
    assert first.startswith("This is an interim report: 2 of 8 runs have a result.")
    assert named == [
        "1 diverged: baseline seed 1 (its loss is not finite).",
        "1 outdated (their records were made with other settings, code or data): baseline seed 2.",
        "2 failed: dropout seed 1 (ValueError: of no use; log: results/s/logs/train_run/dropout/seed1.log); "
        "dropout seed 3 (ended without an error message: killed, out of memory, time or disk space, "
        "or the machine went down).",
        "1 interrupted: dropout seed 2.",
        "1 running: dropout seed 0 (epoch 2 of 3).",
        "1 missing: baseline seed 3.",
    ]
    done = [run for run in halfway if run.state in ("finished", "diverged")]
    assert interim_reasons(done)[0] == (
        "This is an interim report. All 2 runs have a result now: the study's own report covers them."
    )

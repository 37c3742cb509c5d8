"""What the live page is told of a study: where each run is, only what has changed, and never how well a run does."""

from __future__ import annotations

import json

import pytest

from seedwise.basics.errors import UserError
from seedwise.config.study import Study
from seedwise.watch import live as live_module
from seedwise.watch.details import LINES, TAIL, log_tail, training_curve
from seedwise.watch.live import Live
from seedwise.watch.page import render_snapshot
from tests.progress.test_states import asked, put_attempt, put_record, study  # noqa: F401 - a fixture

HEADER = "epoch,train_loss,validation_loss,validation_accuracy,learning_rate,seconds\n"
ROWS = ("1,1.98471,1.28472,0.58473,0.1,2.0\n", "2,1.18474,1.08475,0.68476,0.1,2.0\n", "3,0.98471,0.9,0.7,0.1,2.0\n")
VALUES = ("8471", "8472", "8473", "8474", "8475", "8476", "0.8127", "0.1234")
"""Parts of every value of a metric in these runs."""


@pytest.fixture(autouse=True)
def _read_at_every_question(monkeypatch):
    monkeypatch.setattr(live_module, "FRESH", 0.0)
    monkeypatch.setattr(live_module, "SHARE", 0)


@pytest.fixture
def watched(study, tmp_path):  # noqa: F811
    """A study with runs in several states."""
    put_record(study, tmp_path, "baseline", 0, accuracy=0.8127)
    chance = "validation accuracy 0.1234 is no better than chance"
    put_record(study, tmp_path, "baseline", 1, status="diverged", reason=chance)
    (put_attempt(study, tmp_path, "dropout", 0) / "history.csv").write_text(HEADER + ROWS[0] + ROWS[1])
    put_attempt(study, tmp_path, "dropout", 1, error="ValueError: of no use")
    log = tmp_path / "s/logs/train_run/dropout/seed1.log"
    log.parent.mkdir(parents=True)
    log.write_text("reading\nTraceback\nValueError: of no use\n")
    return Live(lambda: asked(study, tmp_path), [], tmp_path)


def states(answer):
    return {run["n"]: run["state"] for run in answer["runs"]}


def test_the_page_is_told_where_each_run_is(watched):
    answer = watched.answer()
    assert states(answer) == {
        **{0: "finished", 1: "diverged", 2: "missing", 3: "missing"},
        **{4: "running", 5: "failed", 6: "missing", 7: "missing"},
    }
    running, failed = answer["runs"][4], answer["runs"][5]
    assert (running["step"], running["steps"], running["started"]) == (2, 3, 1000)
    assert failed["reason"] == "ValueError: of no use"
    assert answer["counts"] == {"finished": 1, "diverged": 1, "failed": 1, "running": 1, "missing": 4}
    assert answer["left"] is not None
    assert watched.detail(5)["log"] == "reading\nTraceback\nValueError: of no use"
    assert watched.detail(8) is None
    assert watched.detail(-1) is None


def test_a_run_before_its_first_step_says_what_it_does(watched, study, tmp_path):  # noqa: F811
    put_attempt(study, tmp_path, "dropout", 2, phase="importing")
    assert watched.answer()["runs"][6]["phase"] == "importing"


def test_no_value_of_a_metric_is_told(watched):
    told = [json.dumps(watched.answer()), render_snapshot(watched)]
    told += [json.dumps(watched.detail(number)) for number in range(8)]
    assert "train loss" in told[-4]
    assert [value for value in VALUES for text in told if value in text] == []
    assert "no better than chance" not in "".join(told), "it quotes an accuracy"


def test_only_what_has_changed_is_read_and_told(watched, study, tmp_path):  # noqa: F811
    first = watched.answer()
    assert watched.answer(first["version"])["runs"] == []

    read = []
    reader = watched._reader
    watched._reader.read = lambda run: read.append(run) or type(reader).read(reader, run)
    (tmp_path / "s/runs/dropout/seed0/history.csv").write_text(HEADER + "".join(ROWS))
    put_record(study, tmp_path, "baseline", 2)
    second = watched.answer(first["version"])
    assert states(second) == {2: "finished", 4: "running"}
    assert second["runs"][1]["step"] == 3
    assert "layout" not in second
    assert read == [("baseline", 2), ("dropout", 0)]
    assert watched.answer(second["version"] + 1)["layout"], "a page of an earlier watch gets everything"


def test_an_edited_study_is_followed_and_one_with_a_mistake_is_not(study, tmp_path):  # noqa: F811
    file = tmp_path / "study.yaml"

    def read():
        text = file.read_text()
        if text == "mistake":
            raise UserError("seeds: found a mistake")
        return asked(Study.model_validate(study.model_dump(by_alias=True) | {"seeds": json.loads(text)}), tmp_path)

    file.write_text("[0, 1]")
    live = Live(read, [file], tmp_path)
    first = live.answer()
    assert (first["layout"]["seeds"], len(first["runs"])) == ([0, 1], 4)
    file.write_text("mistake")
    broken = live.answer(first["version"])
    assert (broken["problem"], broken["runs"]) == ("seeds: found a mistake", [])
    file.write_text("[0, 1, 2]")
    later = live.answer(first["version"])
    assert (later["problem"], later["layout"]["seeds"], len(later["runs"])) == (None, [0, 1, 2], 6)


def test_a_study_has_ended_when_no_run_can_change_any_more(watched, study, tmp_path):  # noqa: F811
    assert not watched.has_ended()
    for variant, seed in (("baseline", 2), ("baseline", 3), ("dropout", 2), ("dropout", 3)):
        put_record(study, tmp_path, variant, seed)
    assert not watched.has_ended(), "one is running"
    put = tmp_path / "s/runs/dropout/seed0/attempt.json"
    put.write_text(json.dumps({"host": "node17", "pid": 1, "started": 1000.0, "error": "ValueError: too"}))
    assert watched.has_ended()
    assert watched.summary() == "5 of 8 runs finished, 1 diverged, 2 failed"


def shape(folder, rows, hidden="loss"):
    folder.mkdir(exist_ok=True)
    (folder / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"step": 9, "train_lo')
    return training_curve(folder, hidden)


def test_a_training_curve_is_a_shape_by_which_runs_cannot_be_compared(tmp_path):
    steps = [1, 2, 3, 4]
    low = shape(tmp_path / "a", [{"step": step, "val_loss": 3, "train_loss": 1 / step} for step in steps])
    high = shape(tmp_path / "b", [{"step": step, "train_loss": 7 + 20 / step} for step in steps])
    assert low == high == {"name": "train loss", "unit": "step", "points": [[1, 1], [2, 0.333], [3, 0.111], [4, 0]]}
    flat = shape(tmp_path / "c", [{"step": step, "train/acc": 0.5} for step in steps])
    assert {y for _, y in flat["points"]} == {0.5}
    long = shape(tmp_path / "d", [{"step": step, "train_loss": -step} for step in range(5000)])
    assert len(long["points"]) <= 202
    assert long["points"][-1] == [4999, 0]


@pytest.mark.parametrize(
    "row", [{"val_loss": 1.0}, {"loss": 1.0}, {"train_loss": "nan"}, {"train_loss": None}, {"train_acc": 0.5}, {}]
)
def test_nothing_but_training_is_drawn(tmp_path, row):
    assert shape(tmp_path / "run", [{"step": step, **row} for step in range(4)], "train_acc") is None
    assert training_curve(tmp_path / "nothing", "loss") is None


def test_the_end_of_a_log_is_plain_text_of_bounded_size(tmp_path):
    log = tmp_path / "run.log"
    log.write_bytes(b"x" * 5_000_000 + b"\n" + b"".join(b"line %d\n" % i for i in range(3000)))
    lines = log_tail(log).split("\n")
    assert (len(lines), lines[0], lines[-1]) == (LINES, "line 2960", "line 2999")
    log.write_bytes(b"\x1b[31mred\x1b[0m\r\n 10%\r 99%\r100%\x07\nbad \xff byte\n")
    assert log_tail(log) == "red\n100%\\x07\nbad � byte"
    log.write_bytes(b"y" * 2 * TAIL)
    assert len(log_tail(log)) <= TAIL
    assert log_tail(tmp_path / "none.log") == "the log cannot be read"

"""The display while a study runs: its text, the estimate of the time left, and fixed lines."""

import io
import re
from collections import Counter

import pytest

from seedwise.config.study import Run
from seedwise.progress.display import Terminal, block, log_line, pause
from seedwise.progress.session import Job, Session, Snapshot, Training, time_left
from seedwise.progress.states import StateReader
from seedwise.progress.words import duration, seed_ranges
from tests.progress.test_states import HISTORY, asked, put_attempt, put_record, study  # noqa: F401 - a fixture


def training(variant="a", seed=0, epoch=1, mean_seconds=10.0, started=80.0, latest=100.0):
    return Training(Run(variant, seed), epoch, 3, None if epoch is None else 0.8712, mean_seconds, started, latest)


def shot(*trainings, done=5, total=9, failed=1, left=80.0, others=()):
    return Snapshot("epoch", "validation_accuracy", done, total, failed, trainings, others, left, now=100.0)


def test_the_block_fits_a_terminal_of_80_columns():
    trainings = [training("augment", 1), training("dropout", 0, None, None), training("dropout", 1, None, None, None)]
    assert block(shot(*trainings), 80) == [
        "####....  5 of 9 runs done, 2 running, 1 failed, 1 to go; about 1 min 20 s left",
        "  augment  seed 1  epoch 1 of 3  validation accuracy 0.8712  20 s",
        "  dropout  seed 0  epoch 0 of 3  validation accuracy -       20 s",
        "  1 run submitted or starting",
    ]
    assert block(shot(*trainings), 120, blocks="█░")[0].startswith("███████████░░░░░░░░░  5 of 9 runs done")


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_the_block_is_never_wider_or_higher_than_the_terminal(width):
    many = [training("a-variant-with-a-very-long-name", seed) for seed in range(50)]
    lines = block(shot(*many, total=90), width, height=24)
    assert max(map(len, lines)) < width
    assert len(lines) == 9
    assert lines[-1] == "  and 43 more"[: width - 1]
    assert len(block(shot(*many, total=90), width, height=6)) == 4


def test_a_log_line_names_the_first_few():
    line = log_line(shot(*[training(seed=seed) for seed in range(6)], total=14, others=[Job("fetch_data", None, 90.0)]))
    assert line.startswith(
        "5 of 14 runs done, 6 running, 1 failed, 2 to go; about 1 min 20 s left | a seed 0 epoch 1 of 3"
    )
    assert line.endswith("a seed 3 epoch 1 of 3, validation accuracy 0.8712 | fetch_data for 10 s | and 2 more")


def test_lines_of_a_plain_log_become_less_frequent():
    assert [pause(elapsed) for elapsed in (0, 600, 3600, 86400)] == [30, 30, 180, 600]


def test_the_time_left_follows_the_epochs_and_then_the_completed_runs():
    assert time_left([training(epoch=None, mean_seconds=None)], {"a": 3}, {}, 1, now=100.0) is None
    # Two epochs of 10 s are left of one run, and three of one run to come.
    assert time_left([training(latest=100.0)], {"a": 1}, {}, 1, now=100.0) == 20 + 30
    assert time_left([training(latest=95.0)], {"a": 1}, {}, 1, now=100.0) == 15 + 30
    # A run took 50 s in all; an unknown variant is assumed to take as long.
    assert time_left([], {"a": 2, "b": 2}, {"a": [50.0]}, 2, now=100.0) == 4 * 50 / 2
    # The last run takes its time, however many run at once.
    assert time_left([training(latest=100.0)], {}, {}, 4, now=100.0) == 20


def test_a_session_follows_snakemakes_events(study, tmp_path):  # noqa: F811
    session = Session(StateReader(asked(study, tmp_path), tmp_path), total=8, waiting=Counter(baseline=3, dropout=4))
    assert session.done == 1
    session.begin(1, "train_run", {"variant": "baseline", "seed": "1"})
    session.begin(2, "train_run", {"variant": "dropout", "seed": "0"})
    session.begin(3, "prepare_data", {})
    (put_attempt(study, tmp_path, "dropout", 0) / "history.csv").write_text(HISTORY)
    seen = session.snapshot()
    assert (seen.done, seen.running, seen.to_go) == (1, 1, 6)
    assert [(line.run, line.step, line.started) for line in seen.trainings] == [
        (Run("baseline", 1), None, None),
        (Run("dropout", 0), 1, 1000.0),
    ]
    assert [job.rule for job in seen.others] == ["prepare_data"]

    put_record(study, tmp_path, "baseline", 1, accuracy=0.75)
    job, state = session.finish(1)
    assert (job.run, state.state, state.watched) == (Run("baseline", 1), "finished", 0.75)
    assert session.finish(3)[1] is None
    assert session.finish(99) is None

    mark = study.run_folder("dropout", 0, tmp_path) / "attempt.json"
    mark.write_text(mark.read_text().replace("}", ', "error": "ValueError: no"}'))
    session.fail(2)
    assert session.failed[Run("dropout", 0)].reason == "ValueError: no"
    assert (session.snapshot().failed, session.snapshot().to_go) == (1, 5)
    session.begin(4, "train_run", {"variant": "dropout", "seed": "0"})  # with --retries
    assert not session.failed
    mark.write_text(mark.read_text().replace("}", ', "interrupted": true}'))
    session.fail(4)
    assert (session.snapshot().failed, session.snapshot().to_go) == (0, 6)


def screen(text):
    """Return what a terminal shows after `text`; only moves up and clears below are supported."""
    lines = [""]
    for part in re.findall(r"\r|\n|\x1b\[\d*[AJ]|[^\r\n\x1b]+", text):
        if part == "\n":
            lines.append("")
        elif part.endswith("A") and part.startswith("\x1b"):
            lines = lines[: len(lines) - int(part[2:-1])]
            lines[-1:] = [""]
        elif not part.startswith(("\x1b", "\r")):
            lines[-1] += part
    return lines


def test_output_goes_above_the_fixed_lines():
    stream = io.StringIO()
    terminal = Terminal(stream)
    terminal.write("before\n")
    terminal.show(["one", "two"])
    terminal.write("half a line, ")
    terminal.show(["three"])
    terminal.write("and its end")
    terminal.write("\n")
    assert screen(stream.getvalue()) == ["before", "half a line, and its end", "three", ""]
    terminal.show(())
    assert screen(stream.getvalue()) == ["before", "half a line, and its end", ""]


def test_durations_and_seeds_are_readable():
    assert [duration(seconds) for seconds in (0, 8.4, 125, 3600, 12000, 187000)] == [
        *("0 s", "8 s", "2 min 5 s", "1 h", "3 h 20 min", "2 d 3 h"),
    ]
    assert seed_ranges([3]) == "seed 3"
    assert seed_ranges([9, 0, 1, 2, 4, 5]) == "seeds 0 to 2, 4, 5, 9"

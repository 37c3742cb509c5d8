"""The mark of an attempt: present while a run trains, with the error if it fails, removed when it succeeds."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest

from seedwise.basics.errors import UserError
from seedwise.basics.files import hold_lock
from seedwise.runs.attempt import SILENCE, Attempt, attempt, is_alive, read_attempt


def leave(folder, **changes):
    """Write the mark of a process that has ended, and return it."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    mark = Attempt(**{"host": socket.gethostname(), "pid": ended.pid, "started": 1.0, **changes})
    (folder / "attempt.json").write_text(json.dumps(vars(mark)))
    return mark


def test_a_run_that_succeeds_leaves_no_mark(tmp_path):
    with attempt(tmp_path):
        mark = read_attempt(tmp_path)
        assert mark.pid == os.getpid()
        assert is_alive(tmp_path, mark)
    assert list(tmp_path.iterdir()) == []
    assert not is_alive(tmp_path, mark)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("of no\nuse"), "ValueError: of no use"),
        (UserError("model.name: no such model"), "model.name: no such model"),
        (MemoryError(), "MemoryError"),
        (KeyboardInterrupt(), "interrupted"),
    ],
)
def test_a_run_that_fails_leaves_its_error(tmp_path, error, reason):
    with pytest.raises(type(error)), attempt(tmp_path):
        raise error
    mark = read_attempt(tmp_path)
    assert mark.error == reason
    assert mark.interrupted == isinstance(error, KeyboardInterrupt)
    assert not is_alive(tmp_path, mark)


def test_a_process_on_this_machine_that_has_ended_is_dead(tmp_path):
    assert not is_alive(tmp_path, leave(tmp_path))


def test_a_process_on_another_machine_is_alive_as_long_as_it_sends_heartbeats(tmp_path):
    mark = leave(tmp_path, host="node17")
    assert is_alive(tmp_path, mark)
    long_ago = time.time() - SILENCE - 1
    os.utime(tmp_path / "attempt.json", (long_ago, long_ago))
    assert not is_alive(tmp_path, mark)


def test_a_run_whose_lock_is_held_is_alive_and_the_check_leaves_the_lock_free(tmp_path):
    mark = leave(tmp_path, error="ValueError: an earlier attempt")
    with hold_lock(tmp_path / ".lock"):
        assert is_alive(tmp_path, mark)
    assert not is_alive(tmp_path, mark)
    with hold_lock(tmp_path / ".lock"):
        pass


@pytest.mark.parametrize("content", ["", "{", "[]", '{"host": 3}'])
def test_an_unreadable_mark_counts_as_none(tmp_path, content):
    (tmp_path / "attempt.json").write_text(content)
    assert read_attempt(tmp_path) is None

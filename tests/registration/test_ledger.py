"""The ledger: only ever longer, each line with the hash of the line before it, whatever happens while it is written."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from seedwise.registration.ledger import NAME, append, read_ledger, registration_of_runs

APPEND = """
import sys
from pathlib import Path
from seedwise.registration.ledger import append
for number in range(20):
    append(Path(sys.argv[1]), lambda ledger: [("reason", {"why": f"{sys.argv[2]} {number}"})])
"""


def add(folder, *reasons):
    for why in reasons:
        append(folder, lambda _, why=why: [("reason", {"why": why})])
    return read_ledger(folder)


def test_a_folder_without_a_ledger_has_an_empty_one(tmp_path):
    ledger = read_ledger(tmp_path)
    assert (ledger.entries, ledger.faults, ledger.registration()) == ((), (), None)
    assert registration_of_runs(tmp_path) is None


def test_each_line_has_the_hash_of_the_line_before_it(tmp_path):
    ledger = add(tmp_path, "one", "two", "three")
    assert not ledger.faults
    assert [entry.number for entry in ledger.entries] == [0, 1, 2]
    assert [entry.previous for entry in ledger.entries] == ["", *(entry.hash for entry in ledger.entries[:2])]


def test_nothing_is_written_where_nothing_is_to_be_added(tmp_path):
    append(tmp_path, lambda _: [])
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda lines: lines[1:], "line 1 does not follow from the line before it"),
        (lambda lines: [lines[0], lines[2]], "line 2 does not follow from the line before it"),
        (lambda lines: [lines[0], lines[2], lines[1]], "line 2 does not follow from the line before it"),
        (lambda lines: [lines[0], lines[0], *lines[1:]], "line 2 does not follow from the line before it"),
        (lambda lines: [lines[0].replace("one", "ONE"), *lines[1:]], "line 1 was changed after it was written"),
        (lambda lines: [*lines[:2], "{}"], "line 3 is not a line of a ledger"),
        (lambda lines: [*lines[:2], lines[2][:40]], "line 3 is not a line of a ledger"),
    ],
)
def test_no_line_can_be_changed_removed_moved_or_repeated_without_a_trace(tmp_path, change, fault):
    add(tmp_path, "one", "two", "three")
    path = tmp_path / NAME
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
    assert fault in read_ledger(tmp_path).faults


def test_a_torn_last_line_stays_a_fault_and_later_lines_are_kept_whole(tmp_path):
    add(tmp_path, "one", "two")
    path = tmp_path / NAME
    path.write_text(path.read_text()[:-30])
    ledger = add(tmp_path, "three")
    assert ledger.faults == ["line 2 is not a line of a ledger", "line 3 does not follow from the line before it"]
    assert [entry.content["why"] for entry in ledger.entries] == ["one", "three"]


def test_two_processes_that_add_lines_at_once_lose_none(tmp_path):
    writers = [subprocess.Popen([sys.executable, "-c", APPEND, str(tmp_path), name]) for name in ("a", "b")]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    ledger = read_ledger(tmp_path)
    assert not ledger.faults
    said = [entry.content["why"] for entry in ledger.entries]
    assert sorted(said) == sorted(f"{name} {number}" for name in "ab" for number in range(20))


def test_a_line_that_cannot_be_written_leaves_the_ledger_as_it_was(tmp_path):
    add(tmp_path, "one")
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(TypeError):
        append(tmp_path, lambda _: [("reason", {"why": "two"}), ("reason", {"why": object()})])
    assert (tmp_path / NAME).read_bytes() == before
    assert [path.name for path in tmp_path.glob(f".{NAME}.*")] == []


def test_runs_belong_to_the_last_registration(tmp_path):
    append(tmp_path, lambda _: [("registration", {"study": "a"}), ("registration", {"study": "b"})])
    last = read_ledger(tmp_path).entries[-1]
    add(tmp_path, "a reason")
    assert registration_of_runs(tmp_path) == last.short == last.hash[:16]


@pytest.mark.parametrize("line", ["[]", "null", '{"number": 0}', "\\", '{"number": "0", "at": 1}', "[" * 100_000])
def test_what_is_no_line_is_a_fault_and_never_an_error(tmp_path, line):
    (tmp_path / NAME).write_text(line + "\n")
    assert read_ledger(tmp_path).faults == ["line 1 is not a line of a ledger"]


def test_text_of_users_stays_on_its_line(tmp_path):
    why = 'new\nline, "quotes", ünïcode and \u2028'
    assert add(tmp_path, why).entries[0].content["why"] == why
    assert json.loads((tmp_path / NAME).read_text(encoding="utf-8").split("\n")[0])["content"] == {"why": why}

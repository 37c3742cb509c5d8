"""Looks: which seeds are due, when a study stops, and how looks are recorded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from seedwise.analysis.looks import conclude, describe, due, read_looks, record_look
from seedwise.basics.errors import UserError
from tests.plans import accuracy_plan

PLAN = accuracy_plan("a", looks=(3, 5, 10))
SEEDS = tuple(range(100, 110))
NAMES = {"b": "**B**", "c": "**C**"}


def look(n, **verdicts):
    return conclude(PLAN, SEEDS[:n], 0.001, 0.002, verdicts or {"b": "NOT_SUPPORTED"})


def test_without_looks_every_seed_is_due():
    assert due(SEEDS, None, ()) == SEEDS


def test_looks_are_taken_in_order_until_one_says_stop():
    assert due(SEEDS, PLAN.looks, ()) == SEEDS[:3]
    assert due(SEEDS, PLAN.looks, [look(3)]) == SEEDS[:5]
    assert due(SEEDS, PLAN.looks, [look(3), look(5)]) == SEEDS
    assert due(SEEDS, PLAN.looks, [look(3), look(5), look(10)]) == SEEDS
    assert due(SEEDS, PLAN.looks, [look(3), look(5, b="BETTER")]) == SEEDS[:5]


def test_newly_declared_looks_continue_after_the_old_ones():
    assert due(SEEDS, (4, 8), [look(3)]) == SEEDS[:4]
    assert due(SEEDS, (2, 3), [look(3)]) == SEEDS[:3]
    assert due(SEEDS, (2, 8), [look(3, b="WORSE")]) == SEEDS[:8]


@pytest.mark.parametrize(
    ("n", "verdicts", "decision", "undecided"),
    [
        (3, {"b": "BETTER", "c": "EQUIVALENT"}, "stop", ()),
        (3, {"b": "BETTER", "c": "NOT_SUPPORTED"}, "go on", ("c",)),
        (5, {"b": "NON_INFERIOR", "c": "BETTER"}, "stop", ()),
        (5, {"b": "UNDEFINED", "c": "TOO_FEW_SEEDS"}, "go on", ("b", "c")),
        (10, {"b": "NOT_SUPPORTED", "c": "WORSE"}, "stop", ("b",)),
    ],
)
def test_a_study_stops_when_everything_is_decided_or_at_the_last_look(n, verdicts, decision, undecided):
    taken = look(n, **verdicts)
    assert (taken.decision, taken.undecided) == (decision, undecided)
    assert taken.number == PLAN.looks.index(n) + 1


def test_looks_are_recorded_in_order_and_a_repeated_look_replaces_the_first(tmp_path):
    path = tmp_path / "looks.json"
    assert read_looks(path) == ()
    record_look(path, look(3))
    record_look(path, look(5))
    record_look(path, look(5, b="WORSE"))
    assert read_looks(path) == (look(3), look(5, b="WORSE"))


def test_a_damaged_record_is_named(tmp_path):
    path = tmp_path / "looks.json"
    path.write_text('[{"number": 1}]')
    with pytest.raises(UserError, match=r"looks\.json: not a record of looks; .* delete it to start"):
        read_looks(path)


def test_the_next_step_is_described():
    assert describe(look(3, b="NOT_SUPPORTED", c="BETTER"), NAMES) == (
        "Look 1 of 3, with 3 of 10 seeds: go on. Undecided: **B**. The same command runs the next look, with 5 seeds."
    )
    assert describe(look(5, b="BETTER"), NAMES) == (
        "Look 2 of 3, with 5 of 10 seeds: stop. Every comparison is decided, and the other 5 seeds are not run."
    )
    assert describe(look(10, b="BETTER"), NAMES).endswith("10 of 10 seeds: stop. Every comparison is decided.")
    assert describe(look(10), NAMES) == "Look 3 of 3, with 10 of 10 seeds: stop, because it is the last look."


def test_importing_is_light():
    code = "import sys, seedwise.analysis.looks; print(*{'numpy', 'scipy', 'pandas'} & set(sys.modules))"
    root = Path(__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == []

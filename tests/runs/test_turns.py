"""Runs ask for long turns on a core, so that those that share one disturb each other less."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from seedwise.runs import turns

CHILD = """
import os, subprocess, sys
from seedwise.runs.turns import take_long_turns
take_long_turns()
print(os.sched_getscheduler(0) == os.SCHED_BATCH, os.nice(0))
"""


def test_a_run_asks_for_long_turns_and_keeps_its_nice_value():
    if sys.platform != "linux" or platform.machine() not in turns.SCHED_SETATTR:
        pytest.skip("only Linux on x86-64 and ARM has such turns")
    done = subprocess.run(
        ["nice", "-n", "3", sys.executable, "-c", CHILD], capture_output=True, text=True, timeout=60, check=True
    )
    batch, niceness = done.stdout.split()
    assert int(niceness) == min(19, os.nice(0) + 3)
    if batch == "False":
        pytest.skip("this system lets no process choose how it is scheduled")


def test_the_turn_is_as_long_as_asked_where_linux_shows_it():
    shown = Path("/proc/self/sched")
    if not shown.exists() or "se.slice" not in shown.read_text():
        pytest.skip("this Linux does not show how long a turn is")
    line = "; print(open('/proc/self/sched').read())"
    done = subprocess.run(
        [sys.executable, "-c", "from seedwise.runs.turns import take_long_turns; take_long_turns()" + line],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert re.search(rf"se\.slice\s*:\s*{turns.TURN}\b", done.stdout)


def test_a_policy_that_somebody_chose_stays():
    if not hasattr(os, "SCHED_IDLE"):
        pytest.skip("only Linux has policies")
    line = (
        "os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)); take_long_turns(); print(os.sched_getscheduler(0))"
    )
    code = "import os\nfrom seedwise.runs.turns import take_long_turns\n" + line
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [str(os.SCHED_IDLE)]


def test_an_unknown_machine_keeps_its_turns(monkeypatch):
    monkeypatch.setattr(turns.platform, "machine", lambda: "vax")
    monkeypatch.setattr(turns.ctypes, "CDLL", lambda _: pytest.fail("a system call on an unknown machine"))
    turns.take_long_turns()

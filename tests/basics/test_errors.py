"""How a script ends: what it says that may not write a file, and that nothing is lost at its end."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, sys
from pathlib import Path
import seedwise.basics.names
from seedwise.basics.errors import run_script

if os.getuid() == 0:  # whom no permission stops
    os.setuid(65534)
run_script(lambda: Path(sys.argv[1]).write_text("x"))
"""


def test_a_folder_without_write_permission_is_named_with_a_remedy(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    for above in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        above.chmod(0o755)
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder / "runs.csv")], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert answer.stderr == (
        f"Error: {folder}/runs.csv: Permission denied; `ls -ld` shows who has access to it; give it to yourself, or "
        "run the study in a folder of your own\n"
    )


ENDING = """
import atexit, sys, threading, time
from seedwise.basics.errors import run_script

class Last:
    def __del__(self):
        print("taken apart")

def main():
    global last
    last = Last()
    atexit.register(print, "closed what it had opened")
    threading.Thread(target=lambda: (time.sleep(0.2), print("thread done"))).start()
    print("done", end=" ")
    return int(sys.argv[1])

run_script(main, tidy=False)
"""


def ends(status, out):
    command = [sys.executable, "-c", ENDING, str(status)]
    return subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=False)


def test_a_script_that_has_succeeded_ends_at_once_and_loses_nothing():
    answer = ends(0, subprocess.PIPE)
    assert (answer.returncode, answer.stdout) == (0, "done thread done\nclosed what it had opened\n")


def test_a_script_that_has_failed_ends_as_usual():
    answer = ends(3, subprocess.PIPE)
    assert (answer.returncode, answer.stdout) == (3, "done thread done\nclosed what it had opened\ntaken apart\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a file that is always full")
def test_output_that_cannot_be_written_is_a_failure_at_the_end_too():
    with Path("/dev/full").open("w") as full:
        assert ends(0, full).returncode != 0


def test_a_script_without_standard_output_ends_well_too():
    line = f"{shlex.quote(sys.executable)} -c {shlex.quote(ENDING)} 0 >&-"
    answer = subprocess.run(["sh", "-c", line], stderr=subprocess.PIPE, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")

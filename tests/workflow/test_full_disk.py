"""A disk that is full while a study runs: one line names it, nothing is lost, and the same command goes on later."""

import re
import shutil

import pytest

from seedwise.registration.ledger import read_ledger
from tests.basics.test_full_disk import can_mount
from tests.workflow.conftest import make_project
from tests.workflow.programs import COMMAND, FUNCTION, make_program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not can_mount(), reason="a small disk to fill needs user namespaces"),
]
SAID = r"the disk is full \(No space left on device\)\. Make room there, and give the same command again"
# A small disk in the place of a folder, with all that is in it, is filled until so many KiB are left. Then a command is
# run twice, the second time with room, and what the disk has is copied to another folder.
FILLED = """
disk=$1 left=$2 kept=$3; shift 3
set -e
mkdir "$kept"; cp -R "$disk/." "$kept"; mount -t tmpfs -o size=16m none "$disk"; cp -R "$kept/." "$disk"; cd "$PWD"
set +e
free=$(df -k --output=avail "$disk" | tail -n 1)
head -c $(( (free - left) * 1024 )) /dev/zero > "$disk/filling"
"$@"; echo "ended with $?"
rm "$disk/filling"
echo "with room:"; "$@"; echo "ended with $?"
cp -R "$disk/." "$kept"
"""


def run_twice(project, disk, left, kept):
    """Run a study while a disk is full, and again with room; return what each of them printed."""
    prefix = ("unshare", "-rm", "sh", "-c", FILLED, "sh", str(project.folder / disk), str(left), str(kept))
    answer = project.seedwise("run", "config.yaml", "--cores", "1", "results/tiny/runs.csv", prefix=prefix)
    assert answer.returncode == 0, answer.stdout
    full, room = answer.stdout.split("with room:\n")
    assert room.endswith("ended with 0\n"), answer.stdout
    return full


def assert_said_in_a_line(printed, folder):
    assert printed.endswith("ended with 1\n")
    assert re.search(rf"^(FAILED  .*: )?{folder}[/\w]*: {SAID}", printed, re.MULTILINE), printed
    for word in ("Traceback", "Error in rule", "Logging error"):
        assert word not in printed, printed


@pytest.mark.parametrize("trainer", ["command", "function", "image"])
def test_where_no_log_can_be_written_a_line_says_so(trainer, tmp_path):
    if trainer == "image":
        project = make_project(tmp_path / "project")
        project.run("--", "results/tiny/data/SHA256SUMS")
    else:
        project = make_program(tmp_path / "project", {"command": COMMAND, "function": FUNCTION}[trainer])
        project.edit("train.py", "    offset =", "    print('a line', flush=True)\n    offset =")
    (project.results / "logs").mkdir(parents=True, exist_ok=True)
    printed = run_twice(project, "results/tiny/logs", 0, tmp_path / "kept")
    assert_said_in_a_line(printed, "results/tiny/logs")
    assert printed.count("FAILED") == 1, "one disk is one failure, of however many variants"


def test_where_no_log_of_a_training_run_can_be_written_a_line_says_so(project, tmp_path):
    for variant in ("baseline", "dropout"):
        project.record(variant, 0).unlink()
        (project.results / f"logs/train_run/{variant}/seed0.log").unlink()
    printed = run_twice(project, "results/tiny/logs/train_run", 0, tmp_path / "kept")
    assert_said_in_a_line(printed, "results/tiny/logs/train_run")
    assert printed.count("FAILED") == 1


@pytest.mark.parametrize("left", [0, 32, 64, 128])
def test_a_disk_that_has_all_of_a_study_may_fill_up_at_any_time(left, tmp_path):
    project = make_program(tmp_path / "project")
    printed = run_twice(project, ".", left, tmp_path / "kept")
    assert_said_in_a_line(printed, "results/tiny")
    shutil.copytree(tmp_path / "kept", project.folder, dirs_exist_ok=True)
    assert not read_ledger(project.results).faults
    assert len(list(project.results.glob("runs/*/*/metrics.json"))) == 4

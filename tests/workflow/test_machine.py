"""What a machine may do to a study that has ended: a disk that cannot be written, no home folder, a clock set back."""

import json
import os
import re
import shutil
import subprocess
import time

import pytest

from tests.basics.test_full_disk import can_mount
from tests.workflow.conftest import LIMIT, ROOT
from tests.workflow.programs import ProgramProject, make_program

pytestmark = pytest.mark.slow
LATER = time.time() + 2 * 86400
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && cd "$1" && shift && exec "$@"'
NOWHERE = dict.fromkeys(("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR"), "") | {"HOME": "/proc/none"}
PAGE = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def homeless(tmp_path_factory):
    """A study that was run without a home folder in which anything can be written."""
    project = make_program(tmp_path_factory.mktemp("made") / "project")
    with (project.folder / "train.py").open("a") as stream:
        stream.write('    print("cache:", os.environ.get("XDG_CACHE_HOME"))\n')
    answer = project.seedwise("run", "config.yaml", "results/tiny/results.md", **NOWHERE)
    return project, answer


def test_a_home_folder_that_cannot_be_written_stops_nothing(homeless):
    project, answer = homeless
    assert answer.returncode == 0, answer.stdout
    assert "Traceback" not in answer.stdout
    log = project.results / "logs/train_run/baseline/seed0.log"
    assert "/.snakemake/" not in log.read_text().split("cache:")[1].splitlines()[0], "programs keep their own"


def test_plain_snakemake_needs_no_home_folder_after_the_line_that_the_page_prints(fresh):
    line = re.search(r"`(export XDG_CACHE_HOME=[^`]+)`", PAGE)[1]
    answer = subprocess.run(
        ["sh", "-c", f'{line} && exec "$@"', "sh", *fresh.command("--", "results/tiny/results.md")],
        cwd=fresh.folder,
        env=fresh.environment() | NOWHERE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout
    assert "Traceback" not in answer.stdout
    assert "tiny:" in (fresh.results / "summary.txt").read_text()


@pytest.mark.skipif(not can_mount(), reason="a read-only disk needs user namespaces")
def test_results_on_a_disk_that_cannot_be_written_are_shown_and_nothing_is_written(homeless, tmp_path):
    project = ProgramProject(tmp_path / "project")
    shutil.copytree(homeless[0].folder, project.folder, symlinks=True)
    read_only = ("unshare", "-rm", "sh", "-c", READ_ONLY, "sh", str(project.folder))
    shown = tmp_path / "page.html"
    for words in (["status"], ["open"], ["check"], ["watch", "--once", str(shown)]):
        answer = project.seedwise(*words, "config.yaml", prefix=read_only)
        assert (answer.returncode, "Traceback" in answer.stdout) == (0, False), answer.stdout
    assert shown.exists()
    for words in (["interim"], ["run"], ["watch", "--once", "results/page.html"]):
        answer = project.seedwise(*words, "config.yaml", prefix=read_only)
        assert answer.returncode != 0
        assert "Traceback" not in answer.stdout
        said = answer.stdout.splitlines()[-1]
        assert "this folder cannot be written" in said or said.endswith("page.html: Read-only file system")


def test_a_clock_that_was_set_back_outdates_no_run_of_a_program(homeless, tmp_path):
    project = ProgramProject(tmp_path / "project")
    shutil.copytree(homeless[0].folder, project.folder, symlinks=True)
    record = project.record("dropout", 0)
    before = record.read_bytes()
    for path in (project.config, project.folder / "data.txt", project.folder / "train.py", record):
        os.utime(path, (LATER, LATER))
    (project.results / "runs.csv").unlink()
    answer = project.seedwise("run", "config.yaml", "results/tiny/runs.csv")
    assert answer.returncode == 0, answer.stdout
    assert (project.results / "runs.csv").exists()
    assert record.read_bytes() == before


def test_data_of_a_later_time_outdate_no_run_and_remove_none(project):
    for path in (project.config, *(project.results / "data").iterdir(), *(project.folder / "data").iterdir()):
        os.utime(path, (LATER, LATER))
    shutil.rmtree(project.folder / ".snakemake")
    assert project.planned("--", "runs") == {}
    record = project.record("baseline", 0)
    right = json.loads(record.read_text())["metrics"]
    record.unlink()
    assert project.made("--", "runs")["train_run"] == 1
    assert json.loads(record.read_text())["metrics"] == right

"""Planning without Python's garbage collector, and collecting as usual while jobs run."""

import gc
import json
import subprocess
import sys

import pytest

from seedwise.workflow import garbage
from tests.workflow.conftest import LIMIT, ROOT
from tests.workflow.programs import make_program

MEASURES = """
import atexit, gc, json, sys
atexit.register(lambda: print(json.dumps([gc.get_threshold()[0], frozen, gc.get_freeze_count()])))
sys.argv[0] = "snakemake"
from snakemake.cli import main
try:
    main()
finally:
    frozen = gc.get_freeze_count()
"""
FORGETS = """
import gc, sys
from seedwise.workflow import garbage

class Circle:
    def __init__(self):
        self.me = self

def circles():
    return sum(isinstance(found, Circle) for found in gc.get_objects())

usual = gc.get_threshold()
garbage.plan_without_collecting()
garbage.plan_without_collecting()
planned = Circle()
garbage.collect_as_usual()
for _ in range(100_000):
    Circle()
assert gc.get_threshold() == usual
assert circles() < 3 * usual[0], circles()
"""


@pytest.mark.slow
def test_garbage_is_collected_once_jobs_run_and_not_while_they_are_planned(tmp_path):
    project = make_program(tmp_path / "project")

    def measured():
        command = [sys.executable, "-c", MEASURES, *project.command("--cores", "2", "--", "runs")[1:]]
        ended = subprocess.run(
            command,
            cwd=project.folder,
            env=project.environment() | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout.splitlines()[-1])

    threshold, planned, _ = measured()
    assert threshold == gc.get_threshold()[0]
    assert planned > 100_000  # which is not looked through again while jobs run
    threshold, planned, at_the_end = measured()  # nothing to be done
    assert threshold == garbage.MOST
    assert planned == 0
    assert at_the_end > 100_000


def test_what_is_made_while_jobs_run_is_collected():
    subprocess.run([sys.executable, "-c", FORGETS], check=True, timeout=60, cwd=ROOT)

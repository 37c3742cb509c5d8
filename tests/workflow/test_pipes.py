"""Snakemake's search for pipes among a job's inputs, which is left out where no rule has one."""

import subprocess

import pytest

from tests.workflow.conftest import LIMIT, ROOT, SNAKEMAKE, environment

SNAKEFILE = f"""
import sys
from pathlib import Path

sys.path.insert(0, "{ROOT}")

from snakemake.jobs import Job
from seedwise.workflow import internals

search = Job.is_pipe_or_service_input


def noted(job, path):
    Path("searched").touch()
    return search(job, path)


Job.is_pipe_or_service_input = noted
internals.look_for_pipes_once(workflow)


rule last:
    input:
        "numbers",
    output:
        "copy",
    shell:
        "cat {{input}} > {{output}}"


rule first:
    output:
        OUTPUT,
    shell:
        "echo 1 2 3 > {{output}}"
"""


@pytest.mark.slow
@pytest.mark.parametrize(("output", "searched"), [('pipe("numbers")', True), ('"numbers"', False)])
def test_pipes_work_and_are_searched_for_where_a_rule_has_one(tmp_path, output, searched):
    (tmp_path / "Snakefile").write_text(SNAKEFILE.replace("OUTPUT", output))
    command = [str(SNAKEMAKE), "--cores", "2"]
    subprocess.run(command, cwd=tmp_path, env=environment(), check=True, capture_output=True, timeout=LIMIT)
    assert (tmp_path / "copy").read_text() == "1 2 3\n"
    assert (tmp_path / "searched").exists() == searched

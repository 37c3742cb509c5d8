"""Kills at random moments on a cluster: of jobs, of single processes and of Snakemake; the results are as without."""

from __future__ import annotations

import os
import random
from contextlib import suppress

import psutil
import pytest

from tests.slurm.test_own_program import SubmittedProgram
from tests.workflow.conftest import training_processes
from tests.workflow.programs import COMMAND, make_program
from tests.workflow.storms import kill_snakemake, live_through

pytestmark = [pytest.mark.slurm, pytest.mark.slow]
KILLS = int(os.environ.get("SEEDWISE_KILLS", "3"))


def kill_run(project, _process, choices) -> str:
    """Kill a run's process, or that of its program, as the out-of-memory killer does."""
    running = training_processes(project)
    if not running:
        return ""
    with suppress(psutil.Error):
        wrapper = psutil.Process(choices.choice(running))
        choices.choice([wrapper, *wrapper.children(recursive=True)]).kill()
        return "a run"
    return ""


def test_a_study_on_the_cluster_that_is_killed_again_and_again_ends_as_one_that_is_not(cluster, launched, tmp_path):
    made = make_program(tmp_path / "template", COMMAND.replace("steps: 1", "steps: 60"))

    def kill_job(_project, _process, choices: random.Random) -> str:
        jobs = [job["id"] for job in cluster.jobs() if job["state"] in ("RUNNING", "PENDING")]
        if not jobs:
            return ""
        cluster.call("scancel", "--signal=KILL", "--full", choices.choice(jobs))
        return "a job"

    struck = live_through(
        SubmittedProgram(made.folder), tmp_path, KILLS, 0, [kill_job, kill_run, kill_snakemake], launched
    )
    print(dict(struck))
    assert struck.total() == KILLS

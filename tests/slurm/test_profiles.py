"""Other ways to use a cluster: several runs per job, array jobs, commands of another queue, a killed Snakemake."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.slurm.conftest import TABLE, Submitted, make, wait_for
from tests.workflow.conftest import training_processes

ALIVE = {"RUNNING", "COMPLETING"}
pytestmark = [pytest.mark.slurm, pytest.mark.slow]


def same_as_local(project: Submitted, local: Submitted) -> None:
    """Check that the project has the results of the local study."""
    found = project.metrics()
    assert found
    assert found == {run: local.metrics()[run] for run in found}


def test_groups_run_several_trainings_in_one_job_and_in_turn(cluster, local, launched, tmp_path):
    project = make(tmp_path / "project", "slurm-groups")
    before = {job["id"] for job in cluster.jobs()}
    project.finish(launched(project, TABLE, "--group-components", "runs=3"))
    jobs = [job for job in cluster.jobs() if job["id"] not in before and "train_run" in job["comment"]]
    same_as_local(project, local)
    assert len(project.metrics()) == 9
    assert [job["state"] for job in jobs] == ["COMPLETED"] * 3
    assert {job["limit"] for job in jobs} == {"45:00"}, "the time of three runs that take turns"


def test_array_jobs_are_submitted_at_once_also_with_a_limit_on_gpus(cluster, local, launched, tmp_path):
    project = make(tmp_path / "project")
    project.edit("config.yaml", "seeds: [0, 1, 2]", "seeds: [0]")
    before = {job["id"] for job in cluster.jobs()}
    project.finish(launched(project, TABLE, "--slurm-array-jobs", "train_run", "--resources", "gpu=1"))
    jobs = {job["id"]: job["state"] for job in cluster.jobs() if job["id"] not in before and "_" in job["id"]}
    same_as_local(project, local)
    assert list(jobs.values()) == ["COMPLETED"] * 3
    assert len({job.split("_")[0] for job in jobs}) == 1, "one array, not one submission after the other"


def test_another_queue_is_used_through_its_own_commands(cluster, local, launched, tmp_path):
    # Slurm's qstat has no exit status, so Snakemake has to notice that a deleted job has no outputs.
    options = ("--seconds-between-status-checks", "2", "--latency-wait", "5")
    project = make(tmp_path / "project", "cluster-generic", options)
    project.edit("config.yaml", "seeds: [0, 1, 2]", "seeds: [0]")
    process = launched(project, TABLE)
    wait_for(project.checkpoints, "a run has a checkpoint")
    project.hold.touch()
    killed = {job["id"] for job in cluster.jobs() if job["state"] == "RUNNING"}
    cluster.call("qdel", *killed)
    wait_for(lambda: not killed & {job["id"] for job in cluster.jobs() if job["state"] in ALIVE}, "the jobs are gone")
    project.hold.unlink()
    project.finish(process)
    same_as_local(project, local)
    assert len(project.metrics()) == 3
    assert any("resuming after epoch" in path.read_text() for path in project.logs())


def test_after_a_sigkill_of_snakemake_its_jobs_and_their_second_submission_never_train_one_run_together(
    cluster, local, launched, tmp_path
):
    project = make(tmp_path / "project")
    project.edit("config.yaml", "seeds: [0, 1, 2]", "seeds: [0]")
    project.edit("profiles/slurm/config.yaml", "train_run: {gpu: 1}", "train_run: {gpu: 0}")
    before = {job["id"] for job in cluster.jobs()}

    def trainings() -> list[dict[str, str]]:
        return [job for job in cluster.jobs() if job["id"] not in before and "train_run" in job["comment"]]

    first = launched(project, TABLE)
    wait_for(project.checkpoints, "a run has a checkpoint")
    project.hold.touch()
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert training_processes(project), "Slurm's jobs go on"
    second = launched(project, TABLE)
    wait_for(lambda: len(trainings()) == 6, "every run is submitted a second time")
    waiting = "another process is training this run; waiting for it"
    wait_for(lambda: any(waiting in path.read_text() for path in project.logs()), "a second job waits for the first")
    project.hold.unlink()
    project.finish(second)
    same_as_local(project, local)
    assert any("the other process finished it" in path.read_text() for path in project.logs())
    assert {json.loads(path.read_text())["epochs"] for path in project.results.glob("runs/*/*/metrics.json")} == {8}

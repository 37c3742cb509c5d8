"""The Kubernetes profile, with the real kubectl and a fake API server: its pods, and a study in them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.kubernetes.api_server import ApiServer
from tests.slurm.conftest import TABLE, make
from tests.workflow.conftest import stop_everything, wait_for

KUBECTL = shutil.which("kubectl")
SECRET = "not-to-be-seen-on-a-command-line"
pytestmark = [
    pytest.mark.slurm,
    pytest.mark.slow,
    pytest.mark.skipif(KUBECTL is None, reason="no kubectl here"),
]


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Start the fake server; configure kubectl to use it without field validation, which it does not support."""
    kubectl = tmp_path / "bin/kubectl"
    kubectl.parent.mkdir()
    kubectl.write_text(f'#!/bin/sh\n[ "$1" != create ] || set -- "$@" --validate=false\nexec {KUBECTL} "$@"\n')
    kubectl.chmod(0o755)
    server = ApiServer(tmp_path)
    server.start()
    monkeypatch.setenv("PATH", os.pathsep.join([str(kubectl.parent), os.environ["PATH"]]))
    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig))
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    try:
        yield server
    finally:
        server.stop()


def test_a_study_runs_in_pods_and_a_run_whose_pod_is_lost_resumes_in_another(server, tmp_path):
    project = make(tmp_path / "study", "kubernetes", ("--seconds-between-status-checks", "1"))
    project.edit("config.yaml", "seeds: [0, 1, 2]", "seeds: [0]")
    process = project.launch(TABLE)
    try:
        wait_for(lambda: (found := project.checkpoints()) and project.hold.touch() is None and found)
        variant = project.checkpoints()[0].parts[-3]
        [lost] = [name for name, job in server.jobs.items() if f"variant={variant}" in script(job)]
        os.killpg(server.pods[lost].pid, signal.SIGKILL)
        project.hold.unlink()
        project.finish(process)
    finally:
        stop_everything(project, process)
    assert len(project.metrics()) == 3
    assert "resuming after epoch" in project.log(variant, 0)

    first, second = [job for job in server.jobs.values() if f"variant={variant}" in script(job)]
    assert resources(first)["limits"] == {"cpu": 1, "memory": "4000M", "nvidia.com/gpu": 1}
    assert resources(second)["requests"] == {"cpu": 1, "memory": "8000M", "nvidia.com/gpu": 1}
    assert [job["spec"]["activeDeadlineSeconds"] for job in (first, second)] == [120 * 60, 240 * 60]
    [prepare] = [job for job in server.jobs.values() if "prepare_data:" in script(job)]
    assert resources(prepare)["limits"] == {"cpu": 1, "memory": "4000M"}
    assert not any(SECRET in str(job) + script(job) for job in server.jobs.values())


def container(job):
    return job["spec"]["template"]["spec"]["containers"][0]


def resources(job):
    return container(job)["resources"]


def script(job):
    """Return the job script as it was when the pod started."""
    return job["script"]


def test_deleted_jobs_are_failures_and_a_silent_server_is_asked_again(server):
    status = Path(__file__).parents[2] / "profiles/kubernetes/status.sh"

    def ask() -> str:
        return subprocess.run([status, "job.batch/gone"], capture_output=True, text=True, check=True).stdout.strip()

    assert ask() == "failed"
    server.stop()
    assert ask() == "running"

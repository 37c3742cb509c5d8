"""One study on a cluster where everything goes wrong once; its results are those of a local run."""

from __future__ import annotations

import itertools
import os
import signal
import time
from pathlib import Path

import pytest

from tests.slurm.conftest import make, wait_for
from tests.workflow.conftest import training_processes

pytestmark = [pytest.mark.slurm, pytest.mark.slow]
SECRET = "not-to-be-seen-on-a-command-line"


class Storm:
    """A study during the faults, which strike one run after the other, and the observations."""

    def __init__(self, cluster, project):
        self.cluster, self.project = cluster, project
        self.struck: dict[str, str] = {}  # fault: run that it struck
        self.seen: dict[str, object] = {}

    def trainings(self) -> list[dict[str, str]]:
        return [job for job in self.cluster.jobs() if job["comment"].startswith("rule_train_run")]

    def state(self, job: str) -> str:
        return next(each["state"] for each in self.cluster.jobs() if each["id"] == job)

    def catch(self, fault: str) -> str:
        """Hold the next run without a fault after one of its epochs; return its Slurm job."""

        def caught() -> bool:
            self.project.hold.unlink(missing_ok=True)
            wait_for(self._fresh, "a run has a checkpoint")
            self.project.hold.touch()
            time.sleep(0.2)
            return bool(self._fresh() and training_processes(self.project))

        wait_for(caught, "a run is held")
        run = self._fresh()[0]
        self.struck[fault] = run
        return next(job["id"] for job in self.trainings() if job["state"] == "RUNNING")

    def release(self) -> None:
        self.project.hold.unlink()

    def _fresh(self) -> list[str]:
        runs = [str(path.parent.relative_to(self.project.results)) for path in self.project.checkpoints()]
        return [run for run in runs if run not in self.struck.values()]

    def attempts(self, fault: str) -> list[dict[str, str]]:
        """Return the Slurm jobs of the run that a fault struck."""
        _, variant, seed = self.struck[fault].split("/")
        comment = f"rule_train_run_wildcards_{variant}_{seed.removeprefix('seed')}"
        return [job for job in self.trainings() if job["comment"] == comment]

    def log(self, fault: str) -> str:
        _, variant, seed = self.struck[fault].split("/")
        return self.project.log(variant, int(seed.removeprefix("seed")))


@pytest.fixture(scope="module")
def storm(cluster, launched, tmp_path_factory):
    """Run the study once and cause every fault in it."""
    project = make(tmp_path_factory.mktemp("storm") / "project")
    os.environ["WANDB_API_KEY"] = SECRET
    process = launched(project)
    del os.environ["WANDB_API_KEY"]
    storm = Storm(cluster, project)

    # A training process is killed, as by the out-of-memory killer.
    job = storm.catch("killed")
    storm.seen["script"] = cluster.call("scontrol", "write", "batch_script", job, "-")
    pid = training_processes(project)[0]
    storm.seen["environment"] = Path(f"/proc/{pid}/environ").read_text()
    storm.seen["command lines"] = _command_lines()
    for pid in training_processes(project):
        os.kill(pid, signal.SIGKILL)
    storm.release()
    wait_for(lambda: storm.state(job) == "FAILED", "Slurm calls the job failed")

    # A job exceeds its time limit, which is lowered; Slurm checks it every half minute.
    job = storm.catch("over its time")
    cluster.call("scontrol", "update", f"JobId={job}", "EndTime=now+1seconds")
    wait_for(lambda: storm.state(job) == "TIMEOUT", "Slurm ends the job for its time limit")
    storm.release()

    # A job is cancelled.
    job = storm.catch("cancelled")
    cluster.call("scancel", job)
    wait_for(lambda: storm.state(job) == "CANCELLED", "Slurm cancels the job")
    storm.release()

    # A node is drained: its running jobs end, and waiting jobs continue to wait.
    job = storm.catch("drained")
    cluster.drain()
    storm.seen["draining"] = cluster.node_state()
    storm.release()
    wait_for(lambda: cluster.node_state() == "drained", "the node is drained")
    time.sleep(3)
    storm.seen["after draining"] = [job["state"] for job in storm.trainings()]
    storm.seen["job on the drained node"] = storm.state(job)
    cluster.resume()

    # A controller outage, longer than the plugin's default of 5 attempts, during which a run ends.
    storm.catch("without controller")
    cluster.stop_controller()
    storm.release()
    time.sleep(20)
    storm.seen["snakemake while the controller is away"] = process.poll()
    cluster.start_controller()

    project.finish(process)
    return storm


def _command_lines() -> str:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("fault", "state"), [("killed", "FAILED"), ("over its time", "TIMEOUT"), ("cancelled", "CANCELLED")]
)
def test_a_run_whose_job_ends_badly_is_submitted_again_and_resumes(storm, fault, state):
    assert [job["state"] for job in storm.attempts(fault)] == [state, "COMPLETED"]
    assert "resuming after epoch" in storm.log(fault)


@pytest.mark.parametrize("fault", ["killed", "over its time", "cancelled"])
def test_the_second_attempt_gets_twice_the_memory_and_time(storm, fault):
    [usual] = storm.attempts("drained")
    second = storm.attempts(fault)[1]
    assert megabytes(second["memory"]) == 2 * megabytes(usual["memory"])
    assert minutes(second["limit"]) == 2 * minutes(usual["limit"])


def test_a_drained_node_finishes_its_jobs_and_the_others_wait(storm):
    assert storm.seen["draining"] == "draining"
    assert storm.seen["job on the drained node"] == "COMPLETED"
    assert "RUNNING" not in storm.seen["after draining"]
    assert "PENDING" in storm.seen["after draining"]
    assert [job["state"] for job in storm.attempts("drained")] == ["COMPLETED"]


def test_the_study_continues_after_a_controller_outage(storm):
    assert storm.seen["snakemake while the controller is away"] is None
    assert [job["state"] for job in storm.attempts("without controller")] == ["COMPLETED"]
    assert "resuming" not in storm.log("without controller")


def test_the_one_gpu_trains_one_run_at_a_time(storm):
    jobs = sorted(storm.trainings(), key=lambda job: job["start"])
    assert len(jobs) == 9 + 3
    assert all(before["end"] <= after["start"] for before, after in itertools.pairwise(jobs))


def test_secrets_are_passed_only_in_the_environment(storm):
    assert f"WANDB_API_KEY={SECRET}\0" in storm.seen["environment"]
    assert "train_run.py" in storm.seen["command lines"]
    assert SECRET not in storm.seen["command lines"]
    assert "--target-jobs" in storm.seen["script"]
    assert SECRET not in storm.seen["script"]
    assert SECRET not in storm.project.printed


def test_the_results_are_those_of_a_local_run(storm, local):
    assert storm.project.metrics() == local.metrics()
    assert len(local.metrics()) == 9
    for table in ("summary.csv", "comparisons.csv"):
        assert (storm.project.results / table).read_bytes() == (local.results / table).read_bytes()
    assert not storm.project.checkpoints()


def test_nothing_is_left_to_do(storm):
    assert storm.project.planned() == {}


def megabytes(text: str) -> int:
    """Parse Slurm's memory: 4000M, 4G."""
    return int(text[:-1]) * {"M": 1, "G": 1024}[text[-1]]


def minutes(text: str) -> int:
    """Parse Slurm's time: days-hours:minutes:seconds, where leading parts may be missing."""
    days, _, rest = text.rpartition("-")
    hours, minute, _ = ([0, 0, 0] + [int(part) for part in rest.split(":")])[-3:]
    return (int(days or 0) * 24 + hours) * 60 + minute

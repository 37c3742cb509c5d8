"""Programs that call W&B or MLflow themselves, with a server that hangs, refuses or dies, and a disk that is full."""

from __future__ import annotations

import json
import subprocess
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from tests.basics.test_full_disk import can_mount
from tests.tracking.wandb_server import KEY, WandbServer
from tests.workflow.programs import ProgramProject, make_program

pytestmark = pytest.mark.slow

STUDY = """\
study: tiny
title: "Tiny study"
command:
  run: python train.py {seed}
  canary: false
  time_limit: 75 s
variants: [{name: baseline}]
seeds: [0, 1, 2, 3, 4, 5, 6, 7]
analysis: {metric: loss, higher_is_better: false, baseline: baseline}
"""
PROGRAM = """\
import json, os, sys

seed = sys.argv[1]
url = json.load(open("servers.json")).get(seed)
if url and seed == "5":
    import mlflow
    mlflow.set_tracking_uri(url)
    mlflow.start_run()
elif url:
    import wandb
    if url != "none":
        os.environ |= {"WANDB_MODE": "online", "WANDB_BASE_URL": url}
    run = wandb.init(project="own")
    run.log({"loss": 1.5})
json.dump({"loss": 1.0 + int(seed) / 8}, open(os.environ["SEEDWISE_RESULTS"], "w"))
print("the numbers are written", flush=True)
if url:
    run.finish()
"""
STOPPED = "stopped after its time_limit of 75 s"
NO_ANSWER = f"{STOPPED}; its last line: wandb: setting up run "
FAULTS = {
    "hangs": ("hang", 0, NO_ANSWER),
    "401": (401, 0, "exit status 1: wandb.errors.errors.CommError: made to answer 401"),
    "429": (429, 0, NO_ANSWER),
    "500": (500, 0, NO_ANSWER),
    "dies after the start": ("dead", 2, f"{STOPPED}; its last line: wandb: "),
    "MLflow answers 500": (500, 0, STOPPED),
}
"""Of a server: its fault, after how many calls, and what is said. Each has a run, whose seed is its place here."""
FULL, HEALTHY = len(FAULTS), len(FAULTS) + 1
SMALL_DISK = (
    'mkdir -p "$1"; mount -t tmpfs -o size=64k none "$1"; head -c 65536 /dev/zero > "$1/full"; shift; exec "$@"'
)


class Study(NamedTuple):
    """A study whose runs met a fault each, and the same command once the faults had gone."""

    project: ProgramProject
    during: subprocess.CompletedProcess[str]
    healthy: bytes  # the record of the run without a tracker, as it was then
    after: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    project = make_program(tmp_path_factory.mktemp("trackers") / "project")
    (project.folder / "train.py").write_text(PROGRAM)
    project.config.write_text(STUDY)
    servers, disk = project.folder / "servers.json", project.results / f"runs/baseline/seed{FULL}/wandb"
    prefix = ("unshare", "-rm", "sh", "-c", SMALL_DISK, "sh", str(disk)) if can_mount() else ()
    command = ("run", "config.yaml", "results/tiny/runs.csv", "--cores")
    own = {"WANDB_API_KEY": KEY, "WANDB_ERROR_REPORTING": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    own |= {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "9"}  # it would give up before the time limit
    own |= {"WANDB_SERVICE": "3-1-unix-/nobody/listens", "WANDB_RUN_ID": "same"}  # started within a run of W&B
    with ExitStack() as running:
        urls = [running.enter_context(WandbServer(fault, after)).url for fault, after, _ in FAULTS.values()]
        servers.write_text(json.dumps(dict(enumerate(urls)) | ({FULL: "none"} if prefix else {})))
        during = project.seedwise(*command, "8", prefix=prefix, **own)
    healthy = project.record("baseline", HEALTHY).read_bytes()
    servers.write_text("{}")
    return Study(project, during, healthy, project.seedwise(*command, "2"))


@pytest.mark.parametrize(
    ("seed", "said"), [(seed, said) for seed, (_, _, said) in enumerate(FAULTS.values())], ids=FAULTS
)
def test_a_failing_tracker_ends_its_run_in_a_bounded_time_and_is_named(study, seed, said):
    assert f"baseline seed {seed}: failed after" in study.during.stdout
    assert f"FAILED  baseline seed {seed}: {said}" in study.during.stdout
    assert f"log: results/tiny/logs/train_run/baseline/seed{seed}.log" in study.during.stdout


@pytest.mark.skipif(not can_mount(), reason="a small disk to fill needs user namespaces")
def test_a_full_disk_under_the_folder_of_a_tracker_is_named(study):
    said = f"FAILED  baseline seed {FULL}: exit status 1: OSError: [Errno 28] No space left on device"
    assert said in study.during.stdout


def test_then_the_same_command_does_what_failed_and_no_other_run(study):
    lost = [*range(FULL + can_mount())]
    assert study.during.returncode == 1
    assert f"{HEALTHY + 1 - len(lost)} of {HEALTHY + 1} runs done, {len(lost)} failed" in study.during.stdout
    assert study.after.returncode == 0, study.after.stdout
    assert study.project.record("baseline", HEALTHY).read_bytes() == study.healthy
    records = [json.loads(study.project.record("baseline", seed).read_text()) for seed in range(HEALTHY + 1)]
    assert [record["metrics"]["loss"] for record in records] == [1.0 + seed / 8 for seed in range(HEALTHY + 1)]
    failures = [record["failures"] for record in records]
    assert [seed for seed, own in enumerate(failures) if own] == lost
    assert all(own[0].startswith(said) for own, (_, _, said) in zip(failures, FAULTS.values(), strict=False))
    assert len((study.project.results / "runs.csv").read_text().splitlines()) == 1 + len(records)

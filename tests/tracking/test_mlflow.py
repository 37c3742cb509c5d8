"""MLflow: nested runs that a rerun replaces, four processes at once, and servers in trouble."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys

import pytest

from seedwise.tracking import Mirrors, TrackedRun
from seedwise.tracking.mlflow import MlflowTracker
from seedwise.tracking.settings import MlflowSettings
from tests.tracking.conftest import LIMIT, ROOT, clean, train
from tests.tracking.wandb_server import WandbServer

pytestmark = pytest.mark.slow
needs_mlflow = pytest.mark.skipif(
    importlib.util.find_spec("mlflow") is None, reason="needs pip install -r requirements-mlflow.txt"
)
ON = {"wandb": {"mode": "disabled"}, "mlflow": {"enabled": True}}
TIMEOUT, NOISE = 15.0, 4.0


def mlflow_runs(folder):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/results/mlflow.db")
    experiment = client.get_experiment_by_name("tiny")
    return client, client.search_runs([experiment.experiment_id])


@needs_mlflow
def test_a_rerun_replaces_the_run_and_keeps_its_place(tmp_path, tiny_data):
    train(tmp_path, tiny_data, ON, {})
    trained = train(tmp_path, tiny_data, ON, {})
    assert trained.warnings == []
    client, runs = mlflow_runs(tmp_path)
    assert sorted(run.info.run_name for run in runs) == ["baseline", "baseline-seed0", "tiny"]
    by_name = {run.info.run_name: run for run in runs}
    run = by_name["baseline-seed0"]
    assert run.info.run_id == trained.record.tracking["mlflow"]
    assert run.data.tags["mlflow.parentRunId"] == by_name["baseline"].info.run_id
    assert by_name["baseline"].data.tags["mlflow.parentRunId"] == by_name["tiny"].info.run_id
    assert run.data.params["training.epochs"] == "4"
    finals = {name: run.data.metrics[f"final/{name}"] for name in trained.record.metrics}
    assert finals == trained.record.metrics
    assert [point.step for point in client.get_metric_history(run.info.run_id, "train_loss")] == [1, 2, 3, 4]


@needs_mlflow
def test_processes_that_start_together_on_a_new_store_all_arrive(tmp_path):
    code = (
        "import sys\nfrom pathlib import Path\nfrom seedwise.tracking import Mirrors, TrackedRun\n"
        "from seedwise.tracking.mlflow import MlflowTracker\nfrom seedwise.tracking.settings import MlflowSettings\n"
        "mirrors = Mirrors([MlflowTracker(MlflowSettings(enabled=True))])\n"
        "mirrors.start(TrackedRun('tiny', 'a', int(sys.argv[1]), {}, '0', Path('results/tiny')))\n"
        "mirrors.log({'loss': 0.5}, 1)\nmirrors.finish({'test_accuracy': 0.75}, 'finished')\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(seed)], cwd=tmp_path, env=clean({}), stderr=subprocess.PIPE, text=True
        )
        for seed in range(4)
    ]
    errors = [process.communicate(timeout=LIMIT)[1] for process in processes]
    assert not [error for error in errors if "Warning: mlflow" in error]
    runs = mlflow_runs(tmp_path)[1]
    assert len(runs) == 1 + 1 + 4


@needs_mlflow
@pytest.mark.parametrize("fault", ["down", "hang", 500])
def test_a_server_in_trouble_costs_a_bounded_time_and_a_warning(fault, tmp_path, tiny_data, untracked, record_property):
    with WandbServer(None if fault == "down" else fault) as server:
        uri = server.url
        if fault == "down":
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                uri = f"http://127.0.0.1:{probe.getsockname()[1]}"
        trained = train(tmp_path, tiny_data, {**ON, "mlflow": {"enabled": True, "uri": uri}}, {})
    extra = trained.seconds - untracked.seconds
    record_property("extra_seconds", round(extra, 2))
    print(f"extra time {extra:.1f} s, of which in the run {trained.record.timing.tracking:.1f} s")
    assert trained.record.metrics == untracked.record.metrics
    warnings = [line for line in trained.warnings if line.startswith("Warning: ")]
    assert len(warnings) == 1
    assert warnings[0].startswith("Warning: mlflow was not started (")
    assert extra < TIMEOUT + NOISE


def test_without_mlflow_the_warning_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    said = []
    run = TrackedRun("tiny", "a", 0, {}, "0", tmp_path / "results" / "tiny")
    Mirrors([MlflowTracker(MlflowSettings(enabled=True))], warn=said.append).start(run)
    assert said == [
        "Warning: mlflow: not installed; run: pip install -r requirements-mlflow.txt. The run goes on; its record is "
        "complete."
    ]


@needs_mlflow
def test_the_store_is_prepared_once_and_a_bad_one_is_a_warning(tmp_path):
    def prepare(settings):
        command = [sys.executable, str(ROOT / "workflow/scripts/prepare_mlflow.py"), "--study", "tiny"]
        command += ["--variants", "a", "b", "--tracking", json.dumps({"mlflow": settings})]
        return subprocess.run(
            command, cwd=tmp_path, env=clean({}), capture_output=True, text=True, timeout=LIMIT, check=True
        )

    for _ in range(2):
        assert "Warning" not in prepare({"enabled": True}).stdout
    assert sorted(run.info.run_name for run in mlflow_runs(tmp_path)[1]) == ["a", "b", "tiny"]
    bad = prepare({"enabled": True, "uri": f"sqlite:///{os.devnull}/no.db"})
    assert "Warning: mlflow cannot use sqlite:////dev/null/no.db" in bad.stdout

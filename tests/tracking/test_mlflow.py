"""MLflow: nested runs that a rerun replaces, four processes at once, a real server, and failing servers."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from seedwise.config.context import Context, write_context
from seedwise.tracking import Mirrors, TrackedRun
from seedwise.tracking.mlflow import MlflowTracker
from seedwise.tracking.settings import MlflowSettings, TrackingSettings
from tests.tracking.conftest import LIMIT, ROOT, clean, train
from tests.tracking.wandb_server import WandbServer

pytestmark = pytest.mark.slow
TIMEOUT = 15.0  # the default, whose bound the tests marked `timing` measure
SHORT = 4.0  # shows all else of a server that never answers
NOISE = 4.0  # seconds by which two equal runs may differ on a quiet machine
FAULTS = ["down", "hang", 401, 429, 500]
OFF = {"mode": "disabled"}


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def context(folder, settings):
    return str(write_context(folder, Context(tracking=TrackingSettings.model_validate({"mlflow": settings}))))


def prepare(folder, settings):
    command = [sys.executable, str(ROOT / "workflow/scripts/prepare_mlflow.py"), "--study", "tiny"]
    command += ["--variants", "baseline", "--context", context(folder, settings)]
    return subprocess.run(
        command, cwd=folder, env=clean({}), capture_output=True, text=True, timeout=LIMIT, check=True
    ).stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A project's folder with a store, prepared in the way of the workflow."""
    folder = tmp_path_factory.mktemp("mlflow")
    assert "Warning" not in prepare(folder, {"enabled": True})
    return folder


@pytest.fixture(scope="module")
def starting(folder):
    """A real MLflow server on that store; it starts slowly, so tests without it run first."""
    port = unused_port()
    command = [str(Path(sys.executable).parent / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/results/mlflow.db"]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=clean({"MLFLOW_DISABLE_TELEMETRY": "true"}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    yield process, f"http://127.0.0.1:{port}"
    for number in (signal.SIGCONT, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
    process.wait(LIMIT)


@pytest.fixture
def server(starting):
    process, url = starting
    deadline = time.monotonic() + LIMIT
    while True:
        assert process.poll() is None
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        else:
            return starting


def mirror(folder, seed=10, uri=None, meanwhile=lambda: None, timeout=TIMEOUT):
    """Mirror a run of two epochs from this process; return MLflow's id and the warnings."""
    said = []
    mirrors = Mirrors([MlflowTracker(MlflowSettings(enabled=True, uri=uri, timeout=timeout))], warn=said.append)
    mirrors.start(TrackedRun("tiny", "baseline", seed, {"training": {"epochs": 2}}, "0", folder / "results/tiny"))
    mirrors.log({"train_loss": 0.5}, step=1)
    meanwhile()
    mirrors.log({"train_loss": 0.25}, step=2)
    mirrors.finish({"test_accuracy": 0.75}, "finished")
    return mirrors.ids.get("mlflow"), said


def seconds_of(work, *arguments):
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


def found(folder):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/results/mlflow.db")
    experiment = client.get_experiment_by_name("tiny")
    return client, client.search_runs([experiment.experiment_id])


@pytest.mark.usefixtures("starting")
def test_a_rerun_replaces_the_run_under_the_same_parent(folder):
    first, said = mirror(folder)
    second, said_again = mirror(folder)
    assert said == said_again == []
    assert first != second
    client, runs = found(folder)
    assert sorted(run.info.run_name for run in runs) == ["baseline", "baseline-seed10", "tiny"]
    by_name = {run.info.run_name: run for run in runs}
    run = by_name["baseline-seed10"]
    assert (run.info.run_id, run.info.status) == (second, "FINISHED")
    assert run.data.tags["mlflow.parentRunId"] == by_name["baseline"].info.run_id
    assert by_name["baseline"].data.tags["mlflow.parentRunId"] == by_name["tiny"].info.run_id
    assert run.data.params["training.epochs"] == "2"
    assert run.data.metrics["final/test_accuracy"] == 0.75
    history = client.get_metric_history(run.info.run_id, "train_loss")
    assert [(point.step, point.value) for point in history] == [(1, 0.5), (2, 0.25)]


def mirror_together(folder, seed, barrier, warnings):
    barrier.wait(LIMIT)
    warnings.put(mirror(folder, seed)[1])


def test_processes_that_start_together_on_a_new_store_are_all_recorded(tmp_path):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mlflow"])  # imported once for all of them
    barrier, warnings = context.Barrier(4), context.Queue()
    processes = [context.Process(target=mirror_together, args=(tmp_path, seed, barrier, warnings)) for seed in range(4)]
    for process in processes:
        process.start()
    assert [warnings.get(timeout=LIMIT) for _ in processes] == [[], [], [], []]
    for process in processes:
        process.join(LIMIT)
    assert len(found(tmp_path)[1]) == 1 + 1 + 4


def mirror_to_an_unusable_server(folder, fault, timeout):
    with WandbServer(None if fault == "down" else fault) as server:
        uri = f"http://127.0.0.1:{unused_port()}" if fault == "down" else server.url
        return mirror(folder, uri=uri, timeout=timeout)[1]


@pytest.mark.parametrize("fault", FAULTS)
def test_an_unusable_server_is_one_warning(fault, tmp_path):
    (said,) = mirror_to_an_unusable_server(tmp_path, fault, SHORT)
    assert said.startswith("Warning: mlflow: MLflow does not have this run (")
    assert "Send it later: snakemake --cores 1 sync_mlflow" in said


@pytest.mark.timing
@pytest.mark.parametrize("fault", FAULTS)
def test_an_unusable_server_costs_less_than_the_timeout(fault, tmp_path, record_property):
    seconds = seconds_of(mirror_to_an_unusable_server, tmp_path, fault, TIMEOUT)
    record_property("seconds", round(seconds, 2))
    assert seconds < TIMEOUT


@pytest.mark.timing
def test_a_run_without_its_server_takes_hardly_longer_than_the_timeout(tmp_path, tiny_data, usual_seconds):
    uri = f"http://127.0.0.1:{unused_port()}"
    trained = train(tmp_path, tiny_data, {"wandb": OFF, "mlflow": {"enabled": True, "uri": uri}}, {})
    assert trained.seconds - usual_seconds < TIMEOUT + NOISE


def test_a_run_without_its_server_has_the_same_metrics_and_is_sent_later(folder, tmp_path, tiny_data, untracked):
    uri = f"http://127.0.0.1:{unused_port()}"
    trained = train(tmp_path, tiny_data, {"wandb": OFF, "mlflow": {"enabled": True, "uri": uri}}, {})
    assert trained.record.metrics == untracked.record.metrics
    (warning,) = (line for line in trained.warnings if line.startswith("Warning: "))
    assert warning.startswith("Warning: mlflow: MLflow does not have this run (")
    command = [sys.executable, str(ROOT / "workflow/scripts/sync_mlflow.py"), "--folder", str(trained.study)]

    def send(settings):
        more = ["--context", context(tmp_path, settings)]
        return subprocess.run(
            command + more, cwd=tmp_path, env=clean({}), capture_output=True, text=True, timeout=LIMIT, check=False
        )

    refused = send({"enabled": True, "uri": uri})
    assert refused.returncode == 1
    assert f"Error: mlflow cannot use {uri}" in refused.stderr
    assert "Traceback" not in refused.stderr
    shutil.copytree(folder / "results", tmp_path / "results", dirs_exist_ok=True)
    assert "1/1 baseline-seed0: sent\n1 runs sent" in send({"enabled": True}).stdout
    assert "0 runs sent" in send({"enabled": True}).stdout
    check_whole(tmp_path, trained)


def check_whole(folder, trained):
    client, runs = found(folder)
    (run,) = (run for run in runs if run.info.run_name == f"baseline-seed{trained.record.seed}")
    finals = {name: run.data.metrics[f"final/{name}"] for name in trained.record.metrics}
    assert finals == trained.record.metrics
    assert [point.step for point in client.get_metric_history(run.info.run_id, "train_loss")] == [1, 2, 3, 4]
    return run


def test_without_mlflow_the_warning_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    _, said = mirror(tmp_path)
    assert said == [
        "Warning: mlflow: not installed; run: pip install -r requirements-mlflow.txt. The run continues; its record is "
        "complete."
    ]


def test_an_unusable_store_is_a_warning(tmp_path):
    bad = prepare(tmp_path, {"enabled": True, "uri": f"sqlite:///{os.devnull}/no.db"})
    assert "Warning: mlflow cannot use sqlite:////dev/null/no.db" in bad


def test_a_real_server_gets_a_complete_run(folder, server, tiny_data):
    _, url = server
    trained = train(folder, tiny_data, {"wandb": OFF, "mlflow": {"enabled": True, "uri": url}}, {}, seed=1)
    assert trained.warnings == []
    assert check_whole(folder, trained).info.run_id == trained.record.tracking["mlflow"]


def mirror_while_the_server_fails(folder, server, fault):
    process, url = server
    stop = signal.SIGSTOP if fault == "hangs" else signal.SIGKILL
    try:
        return mirror(folder, 2, url, lambda: os.killpg(process.pid, stop))
    finally:
        if fault == "hangs":
            os.killpg(process.pid, signal.SIGCONT)


@pytest.mark.timing
def test_a_real_server_that_hangs_costs_less_than_the_timeout(folder, server, record_property):
    seconds = seconds_of(mirror_while_the_server_fails, folder, server, "hangs")
    record_property("seconds", round(seconds, 2))
    assert seconds < TIMEOUT


@pytest.mark.parametrize("fault", ["hangs", "dies"])  # the last test, for it leaves no server
def test_a_real_server_that_fails_during_a_run(fault, folder, server):
    run, said = mirror_while_the_server_fails(folder, server, fault)
    assert run is not None
    assert len(said) == 1
    assert said[0].startswith("Warning: mlflow: MLflow has this run only to epoch 1 (")

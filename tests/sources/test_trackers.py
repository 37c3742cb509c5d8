"""Runs of any metric, read from W&B and from MLflow."""

from __future__ import annotations

import json
import sqlite3

import pytest

from seedwise.basics.errors import UserError
from seedwise.sources import mlflow as mlflow_source
from seedwise.sources import trackio as trackio_source
from seedwise.sources import wandb as wandb_source
from seedwise.sources.pulled import options_of
from seedwise.sources.runs import read_runs
from seedwise.sources.settings import RunsSettings
from tests.tracking.wandb_server import WandbServer


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with WandbServer() as server:
        for key, value in server.environment().items():
            monkeypatch.setenv(key, value)
        yield server


def pulled(**more):
    settings = RunsSettings.model_validate(
        {"from": "wandb", "project": "ablation", "variant_key": "model.name", **more}
    )
    return runs_of(wandb_source.read(settings), settings, "f1")


def runs_of(table, settings, metric):
    runs = read_runs(table, options_of(settings, metric), declared=["a"]).runs
    return runs.sort_values("seed").drop(columns="source_run").to_dict("records")


def test_wandb_has_a_metric_by_its_name_or_by_a_dotted_path(server):
    server.add("r1", {"model": {"name": "a"}, "seed": 0}, {"f1": 0.5, "final/loss": 2.0, "val": {"f1": 0.4}})
    server.add("r2", {"model": {"name": "a"}, "seed": 1}, {"loss": 1.0})
    first, second = pulled()
    assert (first["variant"], first["seed"], first["status"], first["f1"], first["loss"]) == (
        "a",
        0,
        "finished",
        0.5,
        2.0,
    )
    assert (second["seed"], second["status"], second["reason"]) == (1, "failed", "has no f1")
    assert pulled(metric="val.f1")[0]["val.f1"] == 0.4
    with pytest.raises(UserError, match=r'W&B project ablation: no column "val.f2"; did you mean "summary.val.f1"\?'):
        pulled(metric="val.f2")


def test_the_final_value_is_the_one_that_counts_for_all_runs(server):
    server.add("r1", {"model": {"name": "a"}, "seed": 0}, {"f1": 0.5, "final/f1": 0.6})
    server.add("r2", {"model": {"name": "a"}, "seed": 1}, {"f1": 0.5})
    assert (pulled()[0]["f1"], pulled()[0]["status"]) == (0.6, "finished")
    assert pulled()[1]["reason"] == "has no f1"


@pytest.mark.slow
def test_mlflow_has_a_metric_by_its_name(tmp_path, monkeypatch):
    from mlflow import MlflowClient

    monkeypatch.chdir(tmp_path)
    uri = f"sqlite:///{tmp_path}/my {{x}} store.db"
    client = MlflowClient(uri)
    experiment = client.create_experiment("f1")
    for seed in (0, 1):
        run = client.create_run(experiment, tags={"variant": "a", "seed": str(seed)}).info.run_id
        client.log_metric(run, "f1", 0.5 + seed / 10)
        client.log_metric(run, "final/loss", 2.0)
        client.set_terminated(run)
    settings = RunsSettings.model_validate({"from": "mlflow", "experiment": "f1", "uri": uri})
    runs = runs_of(mlflow_source.read(settings), settings, "f1")
    assert [(run["seed"], run["f1"], run["loss"]) for run in runs] == [(0, 0.5, 2.0), (1, 0.6, 2.0)]
    with pytest.raises(UserError, match=r'MLflow experiment f1: no column "f2". Found: run_id'):
        runs_of(mlflow_source.read(settings), settings, "f2")


TRACKIO = """
CREATE TABLE metrics (id INTEGER PRIMARY KEY, run_id TEXT, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT);
CREATE TABLE configs (id INTEGER PRIMARY KEY, run_id TEXT, run_name TEXT, config TEXT, created_at TEXT);
"""


def test_trackio_keeps_a_row_per_step(tmp_path, monkeypatch):
    """The tables are those that trackio 0.43 writes."""
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    with sqlite3.connect(tmp_path / "demo.db") as database:
        database.executescript(TRACKIO)
        for seed in (0, 1):
            config = json.dumps({"variant": "a", "seed": seed, "_Created": "2026-11-27T03:34:06+00:00"}).encode()
            database.execute("INSERT INTO configs VALUES (NULL, ?, ?, ?, ?)", (f"id{seed}", "n", config, "2026-11-27"))
            for step in (0, 1):
                logged = json.dumps({"f1": seed + step / 10}).encode()
                values = (f"id{seed}", "2026-11-27", "n", step, logged)
                database.execute("INSERT INTO metrics VALUES (NULL, ?, ?, ?, ?, ?)", values)
    settings = RunsSettings.model_validate({"from": "trackio", "project": "demo"})
    assert [(run["seed"], run["f1"]) for run in runs_of(trackio_source.read(settings), settings, "f1")] == [
        (0, 0.1),
        (1, 1.1),
    ]
    with pytest.raises(UserError, match=r"trackio has no project dem in .*; found demo"):
        trackio_source.read(settings.model_copy(update={"project": "dem"}))

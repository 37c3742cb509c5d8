"""Runs of any metric, read from W&B and from MLflow."""

from __future__ import annotations

import pytest

from seedwise.basics.errors import UserError
from seedwise.sources import mlflow as mlflow_source
from seedwise.sources import wandb as wandb_source
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
    return wandb_source.read(settings, "f1")[1]


def test_wandb_has_a_metric_by_its_name_or_by_a_dotted_path(server):
    server.add("r1", {"model": {"name": "a"}, "seed": 0}, {"f1": 0.5, "final/loss": 2.0, "val": {"f1": 0.4}})
    server.add("r2", {"model": {"name": "a"}, "seed": 1}, {"loss": 1.0})
    assert [(run.variant, run.seed, dict(run.metrics)) for run in pulled()] == [
        ("a", 0, {"f1": 0.5, "loss": 2.0}),
        ("a", 1, {"f1": None, "loss": None}),
    ]
    assert [run.metrics["f1"] for run in pulled(metric="val.f1")] == [0.4, None]
    with pytest.raises(UserError, match=r'runs.metric: W&B project ablation has no "val.f2"; did you mean "val.f1"\?'):
        pulled(metric="val.f2")


def test_the_final_value_is_the_one_that_counts_for_all_runs(server):
    server.add("r1", {"model": {"name": "a"}, "seed": 0}, {"f1": 0.5, "final/f1": 0.6})
    server.add("r2", {"model": {"name": "a"}, "seed": 1}, {"f1": 0.5})
    assert [run.metrics["f1"] for run in pulled()] == [0.6, None]


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
    _, runs = mlflow_source.read(settings, "f1")
    assert sorted((run.seed, run.metrics["f1"], run.metrics["loss"]) for run in runs) == [(0, 0.5, 2.0), (1, 0.6, 2.0)]
    with pytest.raises(UserError, match=r'MLflow experiment f1 has no "f2". Found: f1, final/loss.'):
        mlflow_source.read(settings, "f2")

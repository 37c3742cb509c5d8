"""One 3×3 study by five routes: local records, W&B online, W&B offline and sent later, W&B's CSV, MLflow."""

from __future__ import annotations

import csv
import io
import json
import time

import pandas as pd
import pytest

from tests.tracking.wandb_server import ENTITY, KEY, WandbServer
from tests.workflow import conftest as workflow
from tests.workflow.forks import forks

pytestmark = pytest.mark.slow

TABLES = ("summary.csv", "comparisons.csv")
HEAD = """\
study: {name}
title: "Tiny study"
dataset:  {{name: "tests.tiny:read", validation_fraction: 0.1}}
training: {{epochs: 6, batch_size: 32, learning_rate: 0.05, precision: fp32}}
variants:
  - {{name: baseline}}
  - {{name: dropout, set: {{model.dropout: 0.2}}}}
  - {{name: slow, set: {{training.learning_rate: 0.02}}}}
seeds: [0, 1, 2]
analysis: {{metric: test_accuracy, baseline: baseline}}
"""


def snakemake(project, name, environment, *targets):
    """Run the command for a study; options that take several values would swallow targets, which come first."""
    kept = {key: value for key, value in workflow.environment().items() if not key.startswith(("WANDB_", "MLFLOW_"))}
    arguments = [*targets, "--cores", "2", "--configfile", f"{name}.yaml"]
    return forks().run(arguments, project.folder, {**kept, **environment}, workflow.LIMIT)


def run(project, name, more, environment, *targets):
    """Run a study of its own with a config of its own; return all that was printed."""
    (project.folder / f"{name}.yaml").write_text(HEAD.format(name=name) + more)
    answer = snakemake(project, name, environment, *targets)
    assert answer.returncode == 0, answer.stdout
    return answer.stdout


def exported(server):
    """The CSV that the table of runs of W&B's site exports: config and summary as columns, newest run first.

    The table is filtered by job type, as people do who want no analysis run in it.
    """
    stream = io.StringIO()
    columns = ["Name", "State", "Created", "variant", "seed", "status"]
    runs = [item for item in server.runs.values() if item.fields.get("jobType") != "analysis"]
    metrics = sorted({key for item in runs for key in item.summary if key.startswith("final/")})
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([*columns, *metrics])
    for item in sorted(runs, key=lambda item: -item.created):
        node = item.node()
        first = [node["displayName"], node["state"], node["createdAt"], item.config["variant"], item.config["seed"]]
        writer.writerow([*first, item.summary["status"], *(item.summary[metric] for metric in metrics)])
    return stream.getvalue()


def tables(project, name):
    return {table: (project.folder / "results" / name / table).read_bytes() for table in TABLES}


def check_no_key(folder):
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


@pytest.fixture(scope="module")
def routes(tmp_path_factory):
    """The study by every route: a project and a server that still runs."""
    project = workflow.make_project(tmp_path_factory.mktemp("routes") / "project")
    auto = "tracking: {wandb: {mode: auto, upload_results: true}, mlflow: {enabled: true}}\n"
    offline = "tracking: {wandb: {mode: offline, upload_results: true}}\n"
    with WandbServer() as server, WandbServer() as later:
        online = run(project, "online", auto, server.environment())
        run(project, "offline", offline, {})
        sent = run(project, "offline", offline, later.environment(), "sync_wandb")
        assert "10 of 10 runs sent" in sent, "9 and the analysis"
        assert KEY not in online + sent
        (project.folder / "export.csv").write_text(exported(server))
        yield project, server, later


def test_what_an_online_study_leaves_holds_no_key(routes):
    check_no_key(routes[0].folder)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("pulled", f"{{from: wandb, entity: {ENTITY}, project: ablation, filters: {{group: online}}}}"),
        ("pulled-later", "{from: wandb, project: ablation}"),
        ("from-csv", "{from: csv, path: export.csv}"),
        ("from-mlflow", "{from: mlflow, experiment: online}"),
    ],
)
def test_every_route_gives_the_tables_of_the_local_records(routes, name, source):
    project, server, later = routes
    chosen = later if name == "pulled-later" else server
    printed = run(project, name, f"runs: {source}\n", chosen.environment())
    assert "train_run" not in printed
    assert tables(project, name) == tables(project, "online") == tables(project, "offline")
    report = (project.folder / "results" / name / "results.md").read_text()
    assert "which lists 9; not trained here" in report
    runs = pd.read_csv(project.folder / "results" / name / "runs.csv")
    assert runs["status"].tolist() == ["finished"] * 9
    for row in runs.to_dict("records"):
        record = json.loads(
            (project.folder / f"results/online/runs/{row['variant']}/seed{row['seed']}/metrics.json").read_text()
        )
        assert {metric: row[metric] for metric in record["metrics"]} == record["metrics"]
    check_no_key(project.folder)


@pytest.mark.parametrize("name", ["online", "offline"])
def test_the_results_are_an_artifact_of_one_analysis_run(routes, name):
    project, server, later = routes
    where = server if name == "online" else later
    (artifact,) = where.artifacts.values()
    assert (artifact.name, artifact.kind, artifact.committed) == (f"{name}-results", "results", True)
    run = where.runs[artifact.run]
    assert (run.fields["displayName"], run.fields["jobType"], run.state) == (f"{name}-analysis", "analysis", "finished")
    folder = project.folder / "results" / name
    figures = {f"figures/{path.name}" for path in (folder / "figures").iterdir()}
    assert {"figures/means.png", "figures/differences.svg"} <= figures
    files = {"results.md", *TABLES} | figures
    assert set(artifact.files) == files | {"wandb_manifest.json"}
    assert all(artifact.files[file] == (folder / file).read_bytes() for file in files)


@pytest.mark.parametrize("name", ["online", "offline"])
def test_mlflow_nests_study_variant_and_seed(routes, name):
    from mlflow import MlflowClient

    project = routes[0]
    if name == "offline":  # trained without MLflow
        sent = run(project, name, "tracking: {mlflow: {enabled: true}}\n", {}, "sync_mlflow")
        assert "9/9 slow-seed2: sent" in sent
        assert "9 runs sent to sqlite:///" in sent
        assert "train_run" not in sent
    client = MlflowClient(f"sqlite:///{project.folder}/results/mlflow.db")
    experiment = client.get_experiment_by_name(name)
    runs = {item.info.run_id: item for item in client.search_runs([experiment.experiment_id])}
    assert len(runs) == 1 + 3 + 9

    def path(item):
        parent = item.data.tags.get("mlflow.parentRunId")
        return [*(path(runs[parent]) if parent else []), item.info.run_name]

    found = {"/".join(path(item)) for item in runs.values()}
    assert {name, f"{name}/dropout", f"{name}/dropout/dropout-seed2"} <= found
    assert all(item.info.status == "FINISHED" for item in runs.values())
    for item in runs.values():
        if "seed" in item.data.tags:
            file = f"runs/{item.data.tags['variant']}/seed{item.data.tags['seed']}/metrics.json"
            record = json.loads((project.folder / "results" / name / file).read_text())
            assert {key: item.data.metrics[f"final/{key}"] for key in record["metrics"]} == record["metrics"]


def test_what_is_odd_in_a_source_is_listed_in_the_report(routes):
    project = routes[0]
    with WandbServer() as server:
        for index in range(9):
            variant, seed = ("baseline", "dropout", "slow")[index // 3], index % 3
            server.add(f"r{index}", {"variant": variant, "seed": seed}, {"final/test_accuracy": 0.8 + index / 100})
        server.runs["r8"].state = "crashed"
        server.runs["r5"].state = "running"
        server.add("again", {"variant": "baseline", "seed": 0}, {"final/test_accuracy": 0.7})
        server.add("stray", {"variant": "other", "seed": 0}, {"final/test_accuracy": 0.7})
        run(project, "odd", "runs: {from: wandb, project: ablation, duplicates: latest}\n", server.environment())
    report = (project.folder / "results/odd/results.md").read_text().replace("\\", "")
    for note in (
        "1 run not counted: still running: dropout seed 2 (r5).",
        "1 run not counted: its variant is not in the config: other seed 0 (stray).",
        "1 run replaced by again with test_accuracy 0.7 (latest counts): baseline seed 0 (r0) with test_accuracy 0.8.",
        "1 run of slow failed",
        "1 declared run missing: the source has no run that has ended: dropout seed 2.",
    ):
        assert note in report


def test_300_runs_come_in_through_several_pages(routes, record_property):
    project = routes[0]
    with WandbServer() as server:
        for seed in range(100):
            for shift, variant in enumerate(("baseline", "dropout", "slow")):
                value = 0.8 + seed / 1000 + shift / 50
                server.add(f"{variant}{seed}", {"variant": variant, "seed": seed}, {"final/test_accuracy": value})
        (project.folder / "many.yaml").write_text(
            HEAD.format(name="many").replace("seeds: [0, 1, 2]", f"seeds: {list(range(100))}")
            + "runs: {from: wandb, project: ablation}\n"
        )
        began = time.perf_counter()
        answer = snakemake(project, "many", server.environment(), "results/many/runs.csv")
        seconds = time.perf_counter() - began
        assert answer.returncode == 0, answer.stdout
        assert server.calls.count("Runs") == 3
    record_property("seconds", round(seconds, 1))
    print(f"300 runs in {seconds:.1f} s")
    runs = pd.read_csv(project.folder / "results/many/runs.csv")
    assert len(runs) == 300
    assert runs["test_accuracy"].iloc[-1] == 0.8 + 99 / 1000 + 2 / 50


def test_a_source_that_cannot_be_read_is_one_line(routes):
    project = routes[0]
    (project.folder / "gone.yaml").write_text(HEAD.format(name="gone") + "runs: {from: wandb, project: ablation}\n")
    with WandbServer(fault=401) as server:
        answer = snakemake(project, "gone", server.environment())
    assert answer.returncode != 0
    assert "runs: cannot read the W&B project ablation from http://127.0.0.1" in answer.stdout
    assert "check the server, the key and the name" in answer.stdout
    assert "Traceback" not in answer.stdout
    assert KEY not in answer.stdout

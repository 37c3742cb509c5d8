"""Runs of an MLflow experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seedwise.basics.errors import UserError
from seedwise.basics.secrets import hide
from seedwise.sources.settings import RunsSettings
from seedwise.sources.tables.objects import table_of_objects
from seedwise.sources.tables.table import Table
from seedwise.tracking import TrackerError
from seedwise.tracking.mlflow import ID, connect
from seedwise.tracking.settings import MlflowSettings

PAGE = 200


def read(settings: RunsSettings) -> Table:
    """Read all runs of the experiment, oldest first, without the parents that stand for a study or a variant.

    Args:
        settings: experiment and store.

    Returns:
        A row per run: its id, status and date, and its parameters, tags and latest metrics.

    Raises:
        UserError: MLflow is not installed, or there is no such store or experiment.
    """
    try:
        client = connect(MlflowSettings(uri=settings.uri), Path("results"))
        experiment = client.get_experiment_by_name(settings.experiment)
        found = _all(client, experiment.experiment_id) if experiment else []
    except TrackerError as error:
        raise UserError(f"runs: MLflow is {error}") from error
    except Exception as error:  # each database raises errors of its own
        said = hide(" ".join(str(error).split()))[:300]
        raise UserError(f"runs: cannot read {settings.uri or 'results/mlflow.db'} with MLflow ({said})") from error
    if experiment is None:
        raise UserError(f"runs.experiment: MLflow has no experiment {settings.experiment}")
    parents = ("study:", "variant:")
    rows = [
        {
            "run_id": str(run.info.run_id),
            "status": str(run.info.status),
            "start_time": run.info.start_time,
            "params": dict(run.data.params),
            "tags": {name: text for name, text in run.data.tags.items() if not name.startswith("mlflow.")},
            "metrics": dict(run.data.metrics),
        }
        for run in found
        if not str(run.data.tags.get(ID, "")).startswith(parents)
    ]
    return table_of_objects(rows, range(1, len(rows) + 1), f"MLflow experiment {settings.experiment}", "run")


def _all(client: Any, experiment: str) -> list[Any]:
    runs: list[Any] = []
    token = None
    while True:
        page = client.search_runs(
            [experiment], order_by=["attributes.start_time ASC"], max_results=PAGE, page_token=token
        )
        runs += page
        token = page.token
        if not token:
            return runs

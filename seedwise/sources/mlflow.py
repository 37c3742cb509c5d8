"""Runs of an MLflow experiment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seedwise.basics.errors import UserError
from seedwise.sources.found import FoundRun, metric_keys, read_metrics, state_of, whole
from seedwise.sources.settings import RunsSettings
from seedwise.tracking import TrackerError
from seedwise.tracking.mlflow import ID, connect
from seedwise.tracking.settings import MlflowSettings

PAGE = 200


def read(settings: RunsSettings, metric: str) -> tuple[str, list[FoundRun]]:
    """Read all runs of the experiment, oldest first, without the parents that stand for a study or a variant.

    Args:
        settings: experiment, store, and the tags or parameters with variant and seed.
        metric: the compared one.

    Returns:
        Where they come from, in words, and the runs.

    Raises:
        UserError: MLflow is not installed, or there is no such store, experiment or metric.
    """
    try:
        client = connect(MlflowSettings(uri=settings.uri), Path("results"))
        experiment = client.get_experiment_by_name(settings.experiment)
        found = _all(client, experiment.experiment_id) if experiment else []
    except TrackerError as error:
        raise UserError(f"runs: MLflow is {error}") from error
    except Exception as error:  # each database raises errors of its own
        said = " ".join(str(error).split())[:300]
        raise UserError(f"runs: cannot read {settings.uri or 'results/mlflow.db'} with MLflow ({said})") from error
    if experiment is None:
        raise UserError(f"runs.experiment: MLflow has no experiment {settings.experiment}")
    parents = ("study:", "variant:")
    runs = [run for run in found if not str(run.data.tags.get(ID, "")).startswith(parents)]
    where = f"MLflow experiment {settings.experiment}"
    known = {key for run in runs for key in run.data.metrics}
    keys = metric_keys(metric, settings.metric, known, where) if runs else {}
    return where, [_found(run, settings, keys) for run in runs]


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


def _found(run: Any, settings: RunsSettings, keys: Mapping[str, str]) -> FoundRun:
    known = {**run.data.params, **run.data.tags}
    return FoundRun(
        name=str(run.info.run_id),
        variant=known.get(settings.variant_key),
        seed=whole(known.get(settings.seed_key)),
        state=state_of(str(run.info.status), known.get("status")),
        metrics=read_metrics(run.data.metrics, keys),
        ended=str(run.info.status).lower(),
    )

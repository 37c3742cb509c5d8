"""Runs of an MLflow experiment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seedwise.basics.errors import UserError
from seedwise.sources.found import FoundRun, number, state_of, whole
from seedwise.sources.settings import RunsSettings
from seedwise.tracking import TrackerError
from seedwise.tracking.mlflow import ID, connect
from seedwise.tracking.settings import MlflowSettings

PAGE = 200


def read(settings: RunsSettings, keys: Mapping[str, str]) -> tuple[str, list[FoundRun]]:
    """Read all runs of the experiment, oldest first; the runs that stand for a study or a variant are none.

    Args:
        settings: experiment, store, and the tags or parameters with variant and seed.
        keys: what our metrics are called there.

    Returns:
        Where they come from, in words, and the runs.

    Raises:
        UserError: MLflow is not installed, no store, no such experiment.
    """
    try:
        client = connect(MlflowSettings(uri=settings.uri), Path("results"))
        experiment = client.get_experiment_by_name(settings.experiment)
        found = _all(client, experiment.experiment_id) if experiment else []
    except TrackerError as error:
        raise UserError(f"runs: MLflow is {error}") from error
    except Exception as error:  # a store can fail in as many ways as there are databases
        told = " ".join(str(error).split())[:300]
        raise UserError(f"runs: cannot read {settings.uri or 'results/mlflow.db'} with MLflow ({told})") from error
    if experiment is None:
        raise UserError(f"runs.experiment: MLflow has no experiment {settings.experiment}")
    parents = ("study:", "variant:")
    runs = [run for run in found if not str(run.data.tags.get(ID, "")).startswith(parents)]
    return f"MLflow experiment {settings.experiment}", [_found(run, settings, keys) for run in runs]


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
        metrics={name: number(run.data.metrics.get(key)) for name, key in keys.items()},
        ended=str(run.info.status).lower(),
    )

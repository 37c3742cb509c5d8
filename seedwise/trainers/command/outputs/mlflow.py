"""Metrics of the one run in an MLflow store that the program filled; MLflow is imported only here."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedwise.trainers.command.outputs.columns import Cell, Columns
from seedwise.trainers.command.outputs.place import Place, ResultsError, files_below, matches, refuse_unchanged, several

INSTALL = "pip install mlflow"


def read_run(template: str, place: Place, key: str, only: Sequence[str] | None = None) -> tuple[Columns, list[int]]:
    """Read the metrics of the only run in a store.

    Args:
        template: path of a folder such as mlruns, or the address of a database or server, with placeholders.
        place: the run.
        key: where it stands in the study, for messages.
        only: metrics that are needed; None reads all.

    Returns:
        The columns, one per metric, and the step of each of their rows.

    Raises:
        ResultsError: MLflow is not installed, or there is not exactly one run with metrics.
    """
    address = _address(template, place, key)
    try:
        from mlflow.tracking import MlflowClient
    except ImportError as error:
        raise ResultsError(f"{key}: reading an MLflow store needs the package mlflow: {INSTALL}") from error
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # the program's MLflow may be older and write folders
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    try:
        client: Any = MlflowClient(tracking_uri=address)
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        runs = [run for run in client.search_runs(experiments, max_results=1000) if run.data.metrics]
        found = [
            (point.step, point.timestamp, name, point.value)
            for run in runs[:1]
            for name in run.data.metrics
            if only is None or name in only
            for point in client.get_metric_history(run.info.run_id, name)
        ]
    except Exception as error:  # each store raises errors of its own
        said = " ".join(str(error).split())[:300]
        raise ResultsError(f"{key}: cannot read {address} with MLflow ({said})") from error
    if len(runs) != 1:
        names = ", ".join(run.info.run_name or run.info.run_id for run in runs[:4])
        said = f"{len(runs)} runs with metrics ({names})" if runs else "no run with metrics"
        raise ResultsError(f"{key}: {address} has {said}; need one")
    found.sort(key=lambda point: point[:2])
    cells: dict[str, list[Cell]] = {name: [] for name in runs[0].data.metrics}
    for row, (step, _, name, value) in enumerate(found):
        cells[name].append(Cell(row, float(value), f"step {step}"))
    return Columns(address, "metric", cells), [int(step) for step, *_ in found]


def _address(template: str, place: Place, key: str) -> str:
    """Return the store's address, after looking whether its file exists: MLflow would make an empty one."""
    shown = place.fill(template)
    if "://" in shown and not shown.startswith("sqlite:///"):
        return shown
    path = template.removeprefix("sqlite:///")
    found = matches(path, place)
    if not found:
        raise ResultsError(f"{key}: there is no {place.fill(path)}")
    if len(found) > 1:
        raise ResultsError(f"{key}: {several('store', shown, found)}")
    store = Path(found[0]).absolute()
    refuse_unchanged(list(files_below(found[0])) if store.is_dir() else found, place, key)
    return f"sqlite:///{store}" if store.is_file() else store.as_uri()

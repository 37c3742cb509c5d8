"""Layouts that have a row for each run, or for each of its steps, already: they are only named, or nearly so."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from seedwise.sources.columns import find
from seedwise.sources.layouts.layout import Layout, file_name, has_metrics, has_seed, has_variant, lower
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Table

_RATES = frozenset({"lr", "learning_rate"})


def _wandb(table: Table, _: Options) -> bool:
    return {"Name", "State"} <= set(table.columns) and bool(
        {"Created", "Runtime", "Tags", "Sweep"} & set(table.columns)
    )


def _mlflow(table: Table, _: Options) -> bool:
    columns = set(table.columns)
    in_code = {"run_id", "experiment_id"} <= columns and bool({"artifact_uri", "status", "lifecycle_stage"} & columns)
    kinds = {column.partition(".")[0] for column in columns if "." in column}
    in_code |= "run_id" in columns and {"metrics", "params"} <= kinds
    return in_code or ({"Run ID", "Start Time"} <= columns and bool({"Source Type", "Duration", "Status"} & columns))


def _ray(table: Table, _: Options) -> bool:
    columns = lower(table)
    if "trial_id" not in columns:
        return False
    own = {"training_iteration", "time_total_s", "logdir", "experiment_tag", "iterations_since_restore"}
    return bool(columns & own) or any(column.startswith(("config/", "config.")) for column in columns)


def _optuna(table: Table, _: Options) -> bool:
    columns = set(table.columns)
    own = any(column.startswith(("params_", "user_attrs_", "system_attrs_", "datetime_start")) for column in columns)
    return "number" in columns and bool({"value", "values_0"} & columns) and own


def _rename_value(table: Table, options: Options) -> Table:
    """Call the objective as the user does, because Optuna knows no name for it."""
    if has_metrics(table, options) or len(options.metrics) > 1 or "value" not in table.columns:
        return table
    metric = options.metrics[0]
    return replace(table, frame=table.frame.rename(columns={"value": metric})).noting(
        f"{metric} is the objective of the study, which Optuna calls value."
    )


def _trainer(table: Table, _: Options) -> bool:
    columns = lower(table)
    if file_name(table) in ("all_results.json", "eval_results.json", "train_results.json"):
        return any(column.startswith(("eval_", "train_")) for column in columns)
    logged = any(column.startswith("eval_") for column in columns) or {"loss", "learning_rate"} <= columns
    return {"epoch", "step"} <= columns and logged and file_name(table).startswith("trainer_state")


def _lightning(table: Table, _: Options) -> bool:
    return {"epoch", "step"} <= set(table.columns) and file_name(table).startswith("metrics.csv")


def _keras(table: Table, _: Options) -> bool:
    """Each column has its val_ column: only Keras writes histories like this, with nothing but an epoch before them."""
    names = [column for column in lower(table) if column not in _RATES | {"epoch", "variant", "seed"}]
    pairs = [name for name in names if f"val_{name}" in names]
    rest = set(names) - set(pairs) - {f"val_{name}" for name in pairs}
    return "loss" in pairs and not rest


def _count_epochs(table: Table, options: Options) -> Table:
    """Number the rows of a history that `fit` returned, which has no column for it."""
    if find(table.columns, "epoch") or has_seed(table, options) or has_variant(table, options):
        return table
    frame = table.frame.copy(deep=False)
    frame.insert(0, "epoch", pd.Series(range(len(frame)), dtype="str"))
    return replace(table, frame=frame)


TOOLS = (
    Layout("wandb-runs", "a table of runs exported from W&B", "the columns Name, State and Created", _wandb),
    Layout("mlflow", "runs exported from MLflow", "the columns run_id and experiment_id, or Run ID", _mlflow),
    Layout("ray", "results of Ray Tune", "the columns trial_id, training_iteration and config/…", _ray),
    Layout(
        "optuna", "trials of an Optuna study", "the columns number, value, state and params_…", _optuna, _rename_value
    ),
    Layout(
        "huggingface",
        "logs of the Hugging Face Trainer",
        "trainer_state.json or all_results.json",
        _trainer,
        steps=True,
        one_run=True,
    ),
    Layout(
        "lightning",
        "metrics of Lightning's CSVLogger",
        "metrics.csv with the columns epoch and step",
        _lightning,
        steps=True,
        one_run=True,
    ),
    Layout(
        "keras",
        "a training history of Keras",
        "loss, val_loss and other such pairs",
        _keras,
        _count_epochs,
        steps=True,
        one_run=True,
    ),
)

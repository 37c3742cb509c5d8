"""MLflow: study → variant → seed as nested runs, by default in an SQLite file beside the results."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seedwise.basics.files import hold_lock
from seedwise.basics.nested import flat
from seedwise.basics.secrets import hide
from seedwise.tracking import TrackedRun, TrackerError, send_later
from seedwise.tracking.settings import MlflowSettings
from seedwise.tracking.weights_and_biases import wandb_id

ID = "seedwise.id"  # MLflow chooses run ids itself, so this tag says which of our runs it is
PARENT = "mlflow.parentRunId"
STATUS = "status"
CALL_SHARE = 0.6  # of the timeout, for one call; after the first that fails there are no more


class MlflowTracker:
    """Mirrors a run to MLflow: per-epoch metrics by step, final ones under `final/…`, settings as parameters."""

    name = "mlflow"

    def __init__(self, settings: MlflowSettings) -> None:
        self._settings = settings
        self._client: Any = None
        self._id = ""

    def start(self, run: TrackedRun) -> str:
        """Begin the run under its variant; an earlier run of the same study, variant, seed and settings is deleted."""
        with _explaining("MLflow does not have this run"):
            self._client = connect(self._settings, run.folder.parent)
            experiment, parents = prepare(self._client, self._settings, run.folder.parent, run.study, [run.variant])
            for earlier in _find(self._client, experiment, wandb_id(run)):
                self._client.delete_run(earlier.info.run_id)
            tags = {
                PARENT: parents[run.variant],
                ID: wandb_id(run),
                "study": run.study,
                "variant": run.variant,
                "seed": str(run.seed),
            }
            self._id = self._client.create_run(experiment, tags=tags, run_name=run.name).info.run_id
            self._send({}, 0, {name: str(value) for name, value in flat(run.settings)})
        return self._id

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Log the metrics of one epoch, in one call."""
        with _explaining(f"MLflow has this run only to epoch {step - 1}"):
            self._send(metrics, step)

    def finish(self, summary: Mapping[str, float | None], status: str) -> None:
        """Log the final metrics and end the run."""
        with _explaining("MLflow does not have the final metrics of this run"):
            self._send({f"final/{key}": value for key, value in summary.items() if value is not None}, 0)
            self._client.set_terminated(self._id, "FINISHED" if status == "finished" else "FAILED")
            self._client.set_tag(self._id, STATUS, status)  # last, so that a run that has it is complete

    def _send(self, metrics: Mapping[str, float], step: int, params: Mapping[str, str] | None = None) -> None:
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        self._client.log_batch(
            self._id,
            metrics=[Metric(key, value, now, step) for key, value in metrics.items()],
            params=[Param(key, value) for key, value in (params or {}).items()],
        )


@contextlib.contextmanager
def _explaining(missing: str) -> Iterator[None]:
    """Turn whatever MLflow raises into an error that says what is missing and how to send it later."""
    try:
        yield
    except TrackerError:
        raise
    except Exception as error:
        reason = hide(" ".join(str(error).split()))[:300] or type(error).__name__
        raise TrackerError(f"{missing} ({reason}). {send_later('sync_mlflow')}") from error


def is_whole(settings: MlflowSettings, run: TrackedRun, status: str) -> bool:
    """Whether the store has a run with its final metrics."""
    client = connect(settings, run.folder.parent)
    experiment, _ = prepare(client, settings, run.folder.parent, run.study, [run.variant])
    return any(found.data.tags.get(STATUS) == status for found in _find(client, experiment, wandb_id(run)))


def store(settings: MlflowSettings, results: Path) -> str:
    """Return the URI of the store: that of the settings, or the SQLite file in `results`."""
    return settings.uri or f"sqlite:///{results.resolve()}/mlflow.db"


def connect(settings: MlflowSettings, results: Path) -> Any:
    """Return an MLflow client that gives up within the timeout.

    Raises:
        TrackerError: MLflow is not installed.
    """
    seconds = max(1, int(CALL_SHARE * settings.timeout))
    os.environ.update(
        MLFLOW_HTTP_REQUEST_TIMEOUT=str(seconds), MLFLOW_HTTP_REQUEST_MAX_RETRIES="0", MLFLOW_DISABLE_TELEMETRY="true"
    )
    try:
        from mlflow import MlflowClient
    except ImportError:
        raise TrackerError("not installed; run: pip install -r requirements-mlflow.txt.") from None
    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    results.mkdir(parents=True, exist_ok=True)
    with hold_lock(results / ".mlflow.lock", lambda: None):  # processes that create the tables at the same time fail
        return MlflowClient(store(settings, results))


def prepare(
    client: Any, settings: MlflowSettings, results: Path, study: str, variants: Sequence[str]
) -> tuple[str, dict[str, str]]:
    """Find or create the experiment, the study's run, and one run per variant below it.

    Returns:
        The experiment's id, and the run id of each variant.
    """
    with hold_lock(results / ".mlflow.lock", lambda: None):
        name = settings.experiment or study
        known = client.get_experiment_by_name(name)
        place = None if settings.uri else (results / "mlartifacts").resolve().as_uri()
        experiment = known.experiment_id if known else client.create_experiment(name, artifact_location=place)
        top = _parent(client, experiment, f"study:{study}", study, {})
        parents = {
            variant: _parent(client, experiment, f"variant:{study}/{variant}", variant, {PARENT: top})
            for variant in variants
        }
    return experiment, parents


def _parent(client: Any, experiment: str, identity: str, name: str, tags: Mapping[str, str]) -> str:
    if found := _find(client, experiment, identity):
        return str(found[0].info.run_id)
    run = client.create_run(experiment, tags={ID: identity, **tags}, run_name=name)
    client.set_terminated(run.info.run_id, "FINISHED")
    return str(run.info.run_id)


def _find(client: Any, experiment: str, identity: str) -> list[Any]:
    return list(client.search_runs([experiment], filter_string=f"tags.`{ID}` = '{identity}'"))

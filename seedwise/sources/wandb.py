"""Runs of a W&B project, through its public API, page by page."""

from __future__ import annotations

import os

from seedwise.basics.errors import UserError
from seedwise.basics.secrets import hide
from seedwise.sources.settings import RunsSettings
from seedwise.sources.tables.objects import table_of_objects
from seedwise.sources.tables.table import Table
from seedwise.tracking.results import analysis_id
from seedwise.tracking.weights_and_biases import quiet_environment

PAGE = 100


def read(settings: RunsSettings) -> Table:
    """Read all runs of the project, oldest first, without those that hold a study's report.

    Args:
        settings: project, entity and filters.

    Returns:
        A row per run: its name, state and date, and its config and summary by dotted path.

    Raises:
        UserError: there is no key, or no such server or project.
    """
    os.environ.update(quiet_environment())
    import wandb

    path = f"{settings.entity}/{settings.project}" if settings.entity else str(settings.project)
    try:
        api = wandb.Api(timeout=int(settings.timeout))
        # A lazy run would need another query for its config and its summary.
        runs = [
            run
            for run in api.runs(path, filters=settings.filters, order="+created_at", per_page=PAGE, lazy=False)
            if run.id != analysis_id(str(run.config.get("study")))
        ]
    except Exception as error:  # wandb raises errors of many types, and some name the wrong cause
        server = os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai"
        shown = hide(" ".join(str(error).split())) or type(error).__name__
        raise UserError(
            f"runs: cannot read the W&B project {path} from {hide(server)} ({shown}); check the server, the key and "
            "the name"
        ) from error
    rows = [
        {
            "id": str(run.id),
            "state": str(run.state),
            "created_at": str(getattr(run, "created_at", "") or ""),
            "config": dict(run.config),
            "summary": dict(run.summary_metrics),
        }
        for run in runs
    ]
    return table_of_objects(rows, range(1, len(rows) + 1), f"W&B project {path}", "run")

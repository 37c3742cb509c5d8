"""Runs of a W&B project, through its public API, page by page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from seedwise.basics.errors import UserError
from seedwise.basics.nested import flat
from seedwise.sources.found import FoundRun, metric_keys, read_metrics, state_of, whole
from seedwise.sources.settings import RunsSettings
from seedwise.tracking.results import analysis_id
from seedwise.tracking.weights_and_biases import quiet_environment

PAGE = 100


def read(settings: RunsSettings, metric: str) -> tuple[str, list[FoundRun]]:
    """Read all runs of the project, oldest first, without those that hold a study's report.

    Args:
        settings: project, entity, filters, and the keys of variant and seed in a run's config.
        metric: the compared one.

    Returns:
        Where they come from, in words, and the runs.

    Raises:
        UserError: there is no key, or no such server, project or metric.
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
        said = " ".join(str(error).split()) or type(error).__name__
        key = os.environ.get("WANDB_API_KEY")
        shown = said.replace(key, "…") if key else said
        raise UserError(
            f"runs: cannot read the W&B project {path} from {server} ({shown}); check the server, the key and the name"
        ) from error
    where = f"W&B project {path}"
    summaries = [dict(flat(run.summary_metrics)) for run in runs]
    known = {key for summary in summaries for key in summary}
    keys = metric_keys(metric, settings.metric, known, where) if runs else {}
    return where, [_found(run, summary, settings, keys) for run, summary in zip(runs, summaries, strict=True)]


def _found(run: Any, summary: Mapping[str, Any], settings: RunsSettings, keys: Mapping[str, str]) -> FoundRun:
    config = dict(flat(run.config))
    variant = config.get(settings.variant_key)
    return FoundRun(
        name=str(run.id),
        variant=None if variant is None else str(variant),
        seed=whole(config.get(settings.seed_key)),
        state=state_of(str(run.state), summary.get("status")),
        metrics=read_metrics(summary, keys),
        ended=str(run.state),
    )

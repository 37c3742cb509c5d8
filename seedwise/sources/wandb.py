"""Runs of a W&B project, through its public API, page by page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from seedwise.basics.errors import UserError
from seedwise.sources.found import FoundRun, number, state_of, whole
from seedwise.sources.settings import RunsSettings
from seedwise.tracking.results import analysis_id
from seedwise.tracking.weights_and_biases import quiet_environment

PAGE = 100


def read(settings: RunsSettings, keys: Mapping[str, str]) -> tuple[str, list[FoundRun]]:
    """Read all runs of the project, oldest first; the run that holds a study's report is none.

    Args:
        settings: project, entity, filters, and the keys of variant and seed in a run's config.
        keys: what our metrics are called in a run's summary.

    Returns:
        Where they come from, in words, and the runs.

    Raises:
        UserError: no key, no server, no such project.
    """
    os.environ.update(quiet_environment())
    import wandb

    path = f"{settings.entity}/{settings.project}" if settings.entity else str(settings.project)
    try:
        api = wandb.Api(timeout=int(settings.timeout))
        # A lazy run costs a query of its own for its config and its summary.
        runs = [
            _found(run, settings, keys)
            for run in api.runs(path, filters=settings.filters, order="+created_at", per_page=PAGE, lazy=False)
            if run.id != analysis_id(str(run.config.get("study")))
        ]
    except Exception as error:  # wandb raises errors of many kinds, some of which name the wrong cause
        server = os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai"
        said = " ".join(str(error).split()) or type(error).__name__
        key = os.environ.get("WANDB_API_KEY")
        told = said.replace(key, "…") if key else said
        raise UserError(
            f"runs: cannot read the W&B project {path} from {server} ({told}); check the server, the key and the name"
        ) from error
    return f"W&B project {path}", runs


def _found(run: Any, settings: RunsSettings, keys: Mapping[str, str]) -> FoundRun:
    summary = dict(run.summary_metrics)
    variant = _inside(run.config, settings.variant_key)
    return FoundRun(
        name=str(run.id),
        variant=None if variant is None else str(variant),
        seed=whole(_inside(run.config, settings.seed_key)),
        state=state_of(str(run.state), summary.get("status")),
        metrics={name: number(_inside(summary, key)) for name, key in keys.items()},
        ended=str(run.state),
    )


def _inside(values: Mapping[str, Any], key: str) -> Any:
    """Value of a key, which may be a dotted path into nested mappings."""
    if key in values or "." not in key:
        return values.get(key)
    first, rest = key.split(".", 1)
    inner = values.get(first)
    return _inside(inner, rest) if isinstance(inner, Mapping) else None

"""Weights & Biases: offline by default, no account, no telemetry."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seedwise.study import WandbSettings
from seedwise.tracking import TrackedRun

START_SECONDS = 8.0
FINISH_SECONDS = 5.0


class WandbTracker:
    """Mirror a run to W&B: per-epoch metrics as history, final ones under `final/…` in the summary."""

    name = "wandb"

    def __init__(self, settings: WandbSettings) -> None:
        self._settings = settings
        self._run: Any = None

    def start(self, run: TrackedRun) -> str:
        """Begin the W&B run with an id of its own making, so that a rerun replaces it and never doubles it."""
        # Only the environment silences telemetry: settings given to init() come too late.
        os.environ["WANDB_MODE"] = self._settings.mode
        os.environ.update(WANDB_ERROR_REPORTING="false", WANDB_SILENT="true", WANDB_DISABLE_CODE="true")
        import wandb

        run_id = wandb_id(run)
        run.folder.mkdir(parents=True, exist_ok=True)
        remove_stale(run.folder, run_id)
        self._run = wandb.init(
            project=self._settings.project,
            entity=self._settings.entity,
            group=run.study,
            name=run.name,
            id=run_id,
            dir=run.folder,
            config={"variant": run.variant, "seed": run.seed, "settings": dict(run.settings)},
            settings=wandb.Settings(
                console="off",
                disable_git=True,
                disable_code=True,
                init_timeout=START_SECONDS,
                finish_timeout=FINISH_SECONDS,
                x_disable_meta=True,
                x_disable_stats=True,
                x_disable_machine_info=True,
            ),
        )
        return run_id

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Log the metrics of one epoch."""
        self._run.log(dict(metrics), step=step)

    def finish(self, summary: Mapping[str, float | None], status: str) -> None:
        """Write final metrics explicitly: W&B's own summary would keep whatever was logged last."""
        for key, value in summary.items():
            self._run.summary[f"final/{key}"] = value
        self._run.summary["status"] = status
        self._run.finish(exit_code=0 if status == "finished" else 1)


def wandb_id(run: TrackedRun) -> str:
    """Return the deterministic run id: 16 hex digits of study, variant, seed and settings."""
    text = "\0".join((run.study, run.variant, str(run.seed), run.settings_digest))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def remove_stale(folder: Path, run_id: str) -> None:
    """Remove what killed runs of this id left: `wandb sync` would stumble over a partial directory."""
    for stale in folder.glob(f"wandb/offline-run-*-{run_id}"):
        shutil.rmtree(stale, ignore_errors=True)

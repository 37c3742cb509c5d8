"""Fixtures of the tracker tests: a run trained by the script in its own process, and its files."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from seedwise.config.context import Context, write_context
from seedwise.runs.record import RunRecord, read_record
from seedwise.tracking.settings import TrackingSettings
from seedwise.trainers.image_classifier.settings import DatasetSettings, ModelSettings, RunSettings, TrainingSettings
from tests.workflow.forks import forks

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 600  # against hanging only
SETTINGS = RunSettings(
    dataset=DatasetSettings(),
    model=ModelSettings(),
    training=TrainingSettings(epochs=4, batch_size=32, precision="fp32", device="cpu"),
)


@dataclass(frozen=True)
class Trained:
    """A finished process, its files, and how long it took."""

    study: Path
    record: RunRecord
    stdout: str
    stderr: str
    seconds: float

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.stderr.splitlines() if line.strip()]


def train(
    folder: Path, data: Path, tracking: dict, environment: dict[str, str], prefix: tuple[str, ...] = (), seed: int = 0
) -> Trained:
    """Train one tiny run with the workflow's script; `prefix` goes before the command.

    The process is a fork of one that has imported torch, unless there is a prefix, which makes a world of its own.
    """
    python = sys.executable if prefix else str(forks().python)
    study = folder / "results" / "tiny"
    out = study / f"runs/baseline/seed{seed}/metrics.json"
    command = [*prefix, python, str(ROOT / "workflow/scripts/train_run.py"), "--study", "tiny"]
    command += ["--variant", "baseline", "--seed", str(seed), "--settings", SETTINGS.canonical(), "--code", "0" * 12]
    context = write_context(out.parents[3], Context(tracking=TrackingSettings.model_validate(tracking)))
    command += ["--context", str(context), "--data", str(data), "--out", str(out)]
    began = time.perf_counter()
    answer = subprocess.run(
        command, cwd=folder, env=clean(environment), capture_output=True, text=True, timeout=LIMIT, check=False
    )
    seconds = time.perf_counter() - began
    assert answer.returncode == 0, answer.stderr
    return Trained(study, read_record(out), answer.stdout, answer.stderr, seconds)


def clean(environment: dict[str, str]) -> dict[str, str]:
    """Return the environment without the machine's W&B and MLflow settings, plus the given variables."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("WANDB_", "MLFLOW_", "SEEDWISE_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "NETRC": os.devnull, **environment}


@pytest.fixture(scope="session")
def untracked(tmp_path_factory, tiny_data) -> Trained:
    """The same run without trackers, for comparison with all others."""
    return train(tmp_path_factory.mktemp("untracked"), tiny_data, {"wandb": {"mode": "disabled"}}, {})


@pytest.fixture(scope="session")
def usual_seconds(tmp_path_factory, tiny_data, untracked) -> float:
    """How long that run takes once `untracked` has warmed the file caches; for tests marked `timing`."""
    return train(tmp_path_factory.mktemp("usual"), tiny_data, {"wandb": {"mode": "disabled"}}, {}).seconds

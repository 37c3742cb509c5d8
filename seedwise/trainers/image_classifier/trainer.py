"""The image classifier's implementation of `seedwise.trainers.Trainer`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seedwise.basics.code_digest import CodeFiles
from seedwise.basics.plugins import is_plugin, plugin_files
from seedwise.runs.metrics import Metric
from seedwise.runs.record import RunRecord
from seedwise.trainers.image_classifier.datasets.identity import RunData, data_of
from seedwise.trainers.image_classifier.metrics import CURVES, HISTORY, METRICS, SCORED
from seedwise.trainers.image_classifier.settings import STREAM_WORDS, RunSettings
from seedwise.trainers.image_classifier.setup_lines import setup_lines

PACKAGE = "seedwise/trainers/image_classifier"
TRAINING = f"{PACKAGE}/training/run.py"

HARMLESS_TO_RUNS = {
    "seedwise/__init__.py": "the version, which the record names",
    "seedwise/client.py": "what programs of one's own report with",
    "seedwise/basics": "writes files and loads the user's functions, whose own files are covered",
    "seedwise/config": "tells a run its trackers and folders",
    "seedwise/registration": "says when the study was registered",
    "seedwise/runs/__init__.py": "only a docstring",
    "seedwise/runs/attempt.py": "marks a run as being trained",
    "seedwise/runs/commit.py": "describes the run",
    "seedwise/runs/data_card.py": "compares digests of data",
    "seedwise/runs/gpus.py": "chooses among equivalent GPUs; the record names the model",
    "seedwise/runs/hardware.py": "lists the GPUs; the device is a setting, and the record names it",
    "seedwise/runs/metrics.py": "checks the metrics of a run",
    "seedwise/runs/record.py": "the format in which numbers are saved",
    "seedwise/runs/turns.py": "how long a run has a core before others have their turn",
    "seedwise/tracking": "copies a run's numbers and changes none",
    "seedwise/trainers/__init__.py": "types",
    "seedwise/trainers/command": "runs of other programs",
    f"{PACKAGE}/__init__.py": "only a docstring",
    f"{PACKAGE}/datasets/__init__.py": "lists the datasets",
    f"{PACKAGE}/datasets/identity.py": "says what data are made of",
    f"{PACKAGE}/datasets/prepared.py": "makes the data, which have their own digest",
    f"{PACKAGE}/datasets/registry.py": "calls the dataset's module, whose code is in the data's digest",
    f"{PACKAGE}/integrity.py": "refuses damaged data and sets damaged checkpoints aside",
    f"{PACKAGE}/metrics.py": "names the metrics of a run",
    f"{PACKAGE}/setup_lines.py": "describes the run",
    f"{PACKAGE}/freeze_epochs.py": "a setting, checked; settings have a digest of their own",
    f"{PACKAGE}/settings.py": "turns a config into settings, which have their own digest",
    f"{PACKAGE}/trainer.py": "lists what a run depends on",
    f"{PACKAGE}/training/provenance.py": "describes the run",
}
"""Files that training imports but that affect no number, each with the reason; a folder covers everything in it."""


class ImageClassifier:
    """Trains an image classifier with Seedwise's own loop."""

    metrics: tuple[Metric, ...] = METRICS
    scored: str | None = SCORED
    unit = HISTORY[0]
    histories = True
    beside: tuple[str, ...] = ("history.csv", "predictions.npz")
    streams: Mapping[str, str] = STREAM_WORDS

    def curves(self, metric: str) -> tuple[str, ...]:
        """Return the history columns to plot for a metric, the most closely related first."""
        return CURVES.get(metric, ())

    def steps(self, settings: RunSettings) -> int:
        """Return the number of epochs."""
        return settings.training.epochs

    def setup(self, settings: RunSettings, record: RunRecord) -> dict[str, str]:
        """Describe the data, the model and the training of a run."""
        return setup_lines(settings, record)

    def threads(self, settings: RunSettings) -> int:
        """Return the number of CPU threads of a run."""
        return settings.training.threads

    def device(self, settings: RunSettings) -> str:
        """Return the device that a run asks for."""
        return settings.training.device

    def own_functions(self, settings: RunSettings) -> list[str]:
        """Return the names of the user's functions that training calls."""
        training = settings.training
        named = [settings.model.name, training.optimizer, training.schedule, *training.augmentation]
        return [name for name in named if is_plugin(name)]

    def code(self, settings: RunSettings, files: CodeFiles, home: Path) -> dict[str, str]:
        """Digest the training code and the user's model, optimizer, schedule and augmentations."""
        own = [file for name in self.own_functions(settings) for file in plugin_files(name)]
        entries = [home / TRAINING, *own]
        return files.digests(files.imported(entries, without=HARMLESS_TO_RUNS))

    def data(self, settings: RunSettings, files: CodeFiles, home: Path, cache: Path | None) -> RunData:
        """Return the prepared data that a run reads."""
        return data_of(settings.dataset, files, home, cache)

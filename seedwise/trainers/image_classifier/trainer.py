"""The image classifier's implementation of `seedwise.trainers.Trainer`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from seedwise.basics.code_digest import CodeFiles, combine
from seedwise.basics.file_digests import folder_digest
from seedwise.basics.plugins import is_plugin, plugin_source, slug
from seedwise.runs.record import RunRecord
from seedwise.trainers import RunData
from seedwise.trainers.image_classifier.datasets import DATASETS
from seedwise.trainers.image_classifier.metrics import CURVES, HISTORY, METRICS, SCORED, WATCHED
from seedwise.trainers.image_classifier.settings import STREAM_WORDS, DatasetSettings, RunSettings
from seedwise.trainers.image_classifier.setup_lines import setup_lines

PACKAGE = "seedwise/trainers/image_classifier"
TRAINING = f"{PACKAGE}/training/run.py"

HARMLESS_TO_RUNS = {
    "seedwise/__init__.py": "the version, which the record names",
    "seedwise/basics": "writes files and loads the user's functions, whose own files are covered",
    "seedwise/config": "tells a run its trackers and folders",
    "seedwise/runs/__init__.py": "only a docstring",
    "seedwise/runs/attempt.py": "marks a run as being trained",
    "seedwise/runs/commit.py": "describes the run",
    "seedwise/runs/data_card.py": "compares digests of data",
    "seedwise/runs/gpus.py": "chooses among equivalent GPUs; the record names the model",
    "seedwise/runs/hardware.py": "lists the GPUs; the device is a setting, and the record names it",
    "seedwise/runs/metrics.py": "checks the metrics of a run",
    "seedwise/runs/record.py": "the format in which numbers are saved",
    "seedwise/tracking": "copies a run's numbers and changes none",
    "seedwise/trainers/__init__.py": "types",
    f"{PACKAGE}/__init__.py": "only a docstring",
    f"{PACKAGE}/datasets/__init__.py": "lists the datasets",
    f"{PACKAGE}/datasets/prepared.py": "makes the data, which have their own digest",
    f"{PACKAGE}/datasets/registry.py": "calls the dataset's module, whose code is in the data's digest",
    f"{PACKAGE}/metrics.py": "names the metrics of a run",
    f"{PACKAGE}/setup_lines.py": "describes the run",
    f"{PACKAGE}/settings.py": "turns a config into settings, which have their own digest",
    f"{PACKAGE}/trainer.py": "lists what a run depends on",
    f"{PACKAGE}/training/provenance.py": "describes the run",
}
"""Files that training imports but that affect no number, each with the reason; a folder covers everything in it."""

HARMLESS_TO_DATA = {
    "seedwise/__init__.py": "the version, which the record names",
    "seedwise/basics": "writes files and loads the user's functions, whose own files are covered",
    "seedwise/trainers/__init__.py": "types",
    f"{PACKAGE}/__init__.py": "only a docstring",
    f"{PACKAGE}/datasets/__init__.py": "lists the datasets",
    f"{PACKAGE}/datasets/fetching.py": "fetches raw files, whose content is checked or digested",
    f"{PACKAGE}/datasets/registry.py": "calls the dataset's own module",
}
"""Files that data preparation imports but that affect no image or label, each with the reason."""


class ImageClassifier:
    """Trains an image classifier with Seedwise's own loop."""

    metrics = METRICS
    scored = SCORED
    history = HISTORY
    watched = WATCHED
    beside = ("history.csv", "predictions.npz")
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

    def code(self, settings: RunSettings, files: CodeFiles, home: Path) -> dict[str, str]:
        """Digest the training code and the user's model, optimizer, schedule and augmentations."""
        training = settings.training
        named = [settings.model.name, training.optimizer, training.schedule, *training.augmentation]
        entries = [home / TRAINING, *_own_files(named)]
        return files.digests(files.imported(entries, without=HARMLESS_TO_RUNS))

    def data(self, settings: RunSettings, files: CodeFiles, home: Path, cache: Path | None) -> RunData:
        """Return the prepared data that a run reads."""
        return data_of(settings.dataset, files, home, cache)


def data_of(dataset: DatasetSettings, files: CodeFiles, home: Path, cache: Path | None) -> RunData:
    """Return a dataset's prepared data; the digest of its settings, code and raw files is part of the file's name."""
    code = files.digests(files.imported(_dataset_code(dataset, home), without=HARMLESS_TO_DATA))
    raw = raw_digest(dataset, cache)
    digest = combine({"name": dataset.name, "size": str(dataset.image_size), "raw": raw, "code": combine(code)})
    size = f"-{dataset.image_size}" if dataset.image_size else ""
    folder, name = Path("data"), slug(dataset.name)
    raw_folder = folder / (f"{name}-{raw}" if raw else name)  # other raw files have a folder of their own
    return RunData(folder / f"{name}{size}-{digest}.npz", raw_folder, digest, raw, code)


def raw_digest(dataset: DatasetSettings, cache: Path | None) -> str:
    """Return the digest of the raw files in `dataset.folder` where nothing else pins their content; else empty."""
    known = DATASETS.get(dataset.name)
    if dataset.folder is None or (known and known.pinned):
        return ""
    return folder_digest(Path(dataset.folder), cache)


def _dataset_code(dataset: DatasetSettings, home: Path) -> list[Path]:
    if is_plugin(dataset.name):
        return _own_files([dataset.name])
    return [home / PACKAGE / "datasets" / f"{DATASETS[dataset.name].module}.py"]


def _own_files(names: Iterable[str]) -> list[Path]:
    return [plugin_source(name) for name in names if is_plugin(name)]

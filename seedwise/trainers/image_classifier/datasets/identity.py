"""What a dataset's prepared data are made of, as a digest that names their file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from seedwise.basics.code_digest import CodeFiles, combine
from seedwise.basics.file_digests import folder_digest
from seedwise.basics.plugins import is_plugin, plugin_files, slug
from seedwise.trainers.image_classifier.datasets import DATASETS
from seedwise.trainers.image_classifier.settings import DatasetSettings

PACKAGE = "seedwise/trainers/image_classifier"
READING = f"{PACKAGE}/datasets/registry.py"

HARMLESS_TO_DATA = {
    "seedwise/__init__.py": "the version, which the record names",
    "seedwise/client.py": "what programs of one's own report with",
    "seedwise/basics": "writes files and loads the user's functions, whose own files are covered",
    "seedwise/trainers/__init__.py": "types",
    "seedwise/trainers/command": "runs of other programs",
    "seedwise/config": "hands over the folder of the raw files, whose content is digested",
    "seedwise/runs": "the form of the data card",
    "seedwise/tracking": "mirrors of runs",
    f"{PACKAGE}/__init__.py": "only a docstring",
    f"{PACKAGE}/datasets/__init__.py": "lists the datasets",
    f"{PACKAGE}/datasets/fetching.py": "fetches raw files, whose content is checked or digested",
    f"{PACKAGE}/datasets/identity.py": "says what data are made of",
    f"{PACKAGE}/datasets/prepared.py": "hands the settings to the code that reads, and saves what it returns",
    f"{PACKAGE}/freeze_epochs.py": "a setting of models",
    f"{PACKAGE}/settings.py": "turns a config into settings, which are part of the data's digest",
}
"""Files that data preparation imports but that affect no image or label, each with the reason."""


class RunData(NamedTuple):
    """The data that a study's runs read.

    Attributes:
        file: the prepared data; `digest` is part of its name.
        raw_folder: where the raw files are fetched to.
        digest: digest of everything that the data are made of: settings, code and raw files.
        raw: digest of the raw files where their content is not known beforehand; else empty.
        code: digest of each source file that reads the raw files, by name.
    """

    file: Path
    raw_folder: Path
    digest: str
    raw: str
    code: Mapping[str, str]

    @property
    def parts(self) -> dict[str, str]:
        """Digest of each part, by name."""
        return {**self.code, **({"raw files": self.raw} if self.raw else {})}


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
        return [home / READING, *plugin_files(dataset.name)]
    return [home / READING, home / PACKAGE / "datasets" / f"{DATASETS[dataset.name].module}.py"]

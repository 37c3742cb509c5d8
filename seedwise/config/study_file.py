"""The study file, results/<study>/study-<digest>.json: the resolved study, which scripts read instead of the config.

The workflow writes it before the first job. Its name contains the digest of its content, so that a rule with this path
as a parameter reruns exactly when something in the file has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text
from seedwise.config.context import context_path, read_context
from seedwise.config.reading import read_yaml
from seedwise.config.study import Run, Study
from seedwise.runs.data_card import read_card
from seedwise.runs.fit import Wanted


class Expected(BaseModel):
    """The digests of settings, code, data and environment that a valid run of a variant has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    settings: str
    code: str
    data: str
    environment: str = ""


class StudyFile(BaseModel):
    """A study as the workflow has resolved it.

    Attributes:
        study: the config, without resources and trackers, which affect neither runs nor reports.
        config: name of the config file, for readers of the report.
        seeds: the seeds that are due now: all of them, or those up to the next look.
        expected: expected digests by variant; empty if the runs were recorded elsewhere.
        card: path of the data card of the runs; empty if the runs were recorded elsewhere.
        accepted: by variant, and by what they are of, digests that are accepted in the place of the expected ones.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: Study
    config: str
    seeds: tuple[int, ...]
    expected: dict[str, Expected]
    card: str = ""
    accepted: dict[str, dict[str, list[str]]] = {}

    def wanted(self, run: Run, content: str | None) -> Wanted:
        """Return what the record of a run must contain; `content` is the digest of the data, if it is known."""
        of_variant = self.expected[run.variant]
        accepted = self.accepted.get(run.variant, {})
        return Wanted(self.study.study, *run, **of_variant.model_dump(), content=content, accepted=accepted)

    def content(self) -> str | None:
        """Return the digest of the data that the runs read, from the data card; None if there is no card yet.

        Raises:
            UserError: the card cannot be read.
        """
        card = read_card(Path(self.card)) if self.card else None
        return card.content if card else None

    def runs(self) -> list[Run]:
        """Return all runs that are due now, variant by variant."""
        return self.study.runs(self.seeds)

    def canonical(self) -> str:
        """Return the canonical JSON of this study."""
        others = {"dataset", "model", "training"} if self.study.program else {"command", "function"}
        content = {
            "study": self.study.model_dump(mode="json", by_alias=True, exclude={"resources", "tracking", *others}),
            "config": self.config,
            "seeds": self.seeds,
            "expected": {name: wanted.model_dump(exclude_defaults=True) for name, wanted in self.expected.items()},
            "card": self.card,
            **({"accepted": self.accepted} if self.accepted else {}),
        }
        # Keys keep their order, which matters in factors: the first level is the reference.
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def study_file_path(folder: Path, study: StudyFile) -> Path:
    """Return the path of a study file in the study's folder."""
    return folder / f"study-{hashlib.sha256(study.canonical().encode()).hexdigest()[:12]}.json"


def write_study_file(folder: Path, study: StudyFile) -> Path:
    """Write a study file unless it is there, whole; return its path."""
    path, text = study_file_path(folder, study), study.canonical()
    if not path.is_file() or path.read_bytes() != text.encode():
        write_text(path, text)
    return path


def refuse_other_file(folder: Path, config: Path) -> None:
    """Refuse a study whose results belong to another config file: each of the two would replace the other's results.

    Args:
        folder: of the study's results.
        config: the study's file.

    Raises:
        UserError: the file that was run there last still exists, names the same study, and says something else.
    """
    # A study file does not tell whose results they are: a dry run leaves one, and so does a status.
    if not (folder / "results.md").exists() and not any(folder.glob("runs/*/*/metrics.json")):
        return
    try:
        named = read_context(context_path(folder)).config
        other = Path(named)
        if not named or other.resolve() == config.resolve() or not other.is_file():
            return
        there, here = read_yaml(other), read_yaml(config)
    except (OSError, UserError):  # nobody can tell any more whose results these are
        return
    if there.get("study") == here.get("study") and there != here:
        raise UserError(
            f"{os.path.relpath(config)}: {folder} has the results of {other}, which has the same name, "
            f"`study: {here.get('study')}`, and other content. Each would replace the results of the other: "
            "give one of them another name"
        )


def results_of(file: Path) -> str:
    """Return the folder of results that somebody means who names a study's file, or a file among its results."""
    for folder in file.absolute().parents:
        if (folder / "registration.jsonl").exists():
            return os.path.relpath(folder)
    try:
        name = read_yaml(file).get("study")
    except UserError:
        name = None
    return f"results/{name}" if isinstance(name, str) else "results/<study>"


def read_study_file(path: Path) -> StudyFile:
    """Read what `write_study_file` wrote.

    Raises:
        UserError: it does not exist, or it is not a study file.
    """
    try:
        return StudyFile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UserError(
            f"{path}: not a study file ({str(error).splitlines()[0]}); the next snakemake command writes it again"
        ) from error

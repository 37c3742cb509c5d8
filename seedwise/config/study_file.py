"""The study as one file, results/<study>/study-<digest>.json: what the workflow's scripts read instead of the config.

The workflow writes it before the first job. Its name is the digest of its content, so that a rule whose parameter is
this path reruns exactly when something in it has changed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text
from seedwise.config.study import Run, Study
from seedwise.runs.data_card import read_card
from seedwise.runs.fit import Wanted


class Expected(BaseModel):
    """What a run of a variant has to be made of to count: digests of its settings, its code and its data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    settings: str
    code: str
    data: str


class StudyFile(BaseModel):
    """A study as the workflow has resolved it.

    Attributes:
        study: the config, without what changes neither runs nor reports (resources, trackers).
        config: name of the config file, for the reader of a report.
        seeds: those that are due now: all, or those up to the next look.
        expected: by variant; empty where runs were recorded elsewhere.
        card: path of the card of the data that the runs read; empty where runs were recorded elsewhere.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: Study
    config: str
    seeds: tuple[int, ...]
    expected: dict[str, Expected]
    card: str = ""

    def wanted(self, run: Run, content: str | None) -> Wanted:
        """Say what the record of a run has to say; `content` is the digest of the data, where it is known."""
        of_variant = self.expected[run.variant]
        return Wanted(self.study.study, *run, of_variant.settings, of_variant.code, of_variant.data, content)

    def content(self) -> str | None:
        """Return the digest of the data that the runs read, from its card; None before there is one.

        Raises:
            UserError: the card cannot be read.
        """
        card = read_card(Path(self.card)) if self.card else None
        return card.content if card else None

    def runs(self) -> list[Run]:
        """All runs that are due now, variant by variant."""
        return self.study.runs(self.seeds)

    def canonical(self) -> str:
        """Return one JSON text for one meaning."""
        content = {
            "study": self.study.model_dump(mode="json", by_alias=True, exclude={"resources", "tracking"}),
            "config": self.config,
            "seeds": self.seeds,
            "expected": {name: wanted.model_dump() for name, wanted in self.expected.items()},
            "card": self.card,
        }
        # Keys keep their order, which has a meaning in factors: the first level is the reference.
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def study_file_path(folder: Path, study: StudyFile) -> Path:
    """Return where a study file belongs in the study's folder."""
    return folder / f"study-{hashlib.sha256(study.canonical().encode()).hexdigest()[:12]}.json"


def write_study_file(folder: Path, study: StudyFile) -> Path:
    """Write a study file, unless it is there already; return its path."""
    path = study_file_path(folder, study)
    if not path.exists():
        write_text(path, study.canonical())
    return path


def read_study_file(path: Path) -> StudyFile:
    """Read what `write_study_file` wrote.

    Raises:
        UserError: it is not there, or it is no study file.
    """
    try:
        return StudyFile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UserError(
            f"{path}: not a study file ({str(error).splitlines()[0]}); the next snakemake command writes it again"
        ) from error

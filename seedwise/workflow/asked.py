"""What a study asks for: its seeds that are due, and digests of all that its runs depend on.

The Snakefile and the commands that need no Snakemake get it from here, so that both see the same study file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from seedwise.analysis.looks import due, read_looks
from seedwise.basics import share
from seedwise.basics.code_digest import combine
from seedwise.config.reading import read_study
from seedwise.config.study import Study
from seedwise.config.study_file import StudyFile
from seedwise.registration.acceptance import accepted_digests
from seedwise.registration.ledger import read_ledger
from seedwise.runs.digest_parts import keep_parts
from seedwise.trainers import Inputs
from seedwise.trainers.image_classifier.datasets.identity import RunData
from seedwise.workflow.digests import Digests, expected_runs
from seedwise.workflow.environment import open_working_folder
from seedwise.workflow.programs import ProgramCode


class Dependencies(NamedTuple):
    """What the runs of a study depend on.

    Attributes:
        code: digest of each source file, by variant.
        data: what the runs read.
        environments: digest of the environment of a program, by variant.
        images: the data of the image classifier; None for a program.
        program: of the user's own; None for the image classifier.
    """

    code: Mapping[str, Mapping[str, str]]
    data: Inputs
    environments: Mapping[str, str]
    images: RunData | None
    program: ProgramCode | None

    def keep(self, folder: Path) -> None:
        """Save the parts of each digest in a study's folder, so that a later status can say which file has changed."""
        parts = {combine(files): files for files in self.code.values()} | {self.data.digest: self.data.parts}
        keep_parts(folder, parts | dict(self.program.packages if self.program else {}))


def dependencies(study: Study, digests: Digests, base: Path, folder: Path) -> Dependencies:
    """Digest what the runs of a study depend on.

    Args:
        study: the study.
        digests: of the package and of the user's own functions.
        base: folder of the study's file, which paths of a program are relative to.
        folder: of the study's results.

    Raises:
        UserError: a file, a program or a function that the study names is missing.
    """
    if study.program:
        program = ProgramCode(study, base, folder)
        return Dependencies(program.code, program.data, program.environments, None, program)
    images = digests.data(study)
    return Dependencies({} if study.source else digests.runs(study), images, {}, images, None)


def study_file(
    study: Study, config: str, seeds: tuple[int, ...], found: Dependencies, card: str | Path | None, folder: Path
) -> StudyFile:
    """Return a study as the scripts read it.

    Args:
        study: the study.
        config: name of its file, for readers of the report.
        seeds: that are due.
        found: what its runs depend on.
        card: path of the data card; None if its runs have none.
        folder: of its results, whose ledger says which records are accepted.
    """
    expected = expected_runs(study, found.code, found.data, found.environments)
    accepted = accepted_digests(read_ledger(folder), {name: own.model_dump() for name, own in expected.items()})
    return StudyFile(
        study=study, config=config, seeds=seeds, expected=expected, card=str(card or ""), accepted=accepted
    )


def read_asked(path: Path) -> StudyFile:
    """Read a study and digest what its runs depend on, without Snakemake.

    Raises:
        UserError: a mistake in the study, or a file that it needs is missing.
    """
    study = read_study(path)
    open_working_folder(study.model_dump(mode="json"))
    folder = study.folder()
    looks = read_looks(folder / "looks.json") if study.analysis.looks else ()
    digests = Digests(share.package_folder(), share.home() / "workflow/scripts", Path.cwd())
    found = dependencies(study, digests, path.resolve().parent, folder)
    if folder.is_dir():
        found.keep(folder)
    card = folder / "data" / f"{found.images.file.stem}.json" if found.images and not study.source else None
    return study_file(study, os.path.relpath(path), due(study.seeds, study.analysis.looks, looks), found, card, folder)

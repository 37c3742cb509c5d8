"""What a study asks for, found without Snakemake: the same study file that the Snakefile makes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from seedwise.analysis.looks import due, read_looks
from seedwise.basics import share
from seedwise.config.reading import read_study
from seedwise.config.study_file import StudyFile
from seedwise.workflow.digests import Digests, expected_runs
from seedwise.workflow.environment import names_functions


def read_asked(path: Path) -> StudyFile:
    """Read a study and digest what its runs depend on, as workflow/rules/common.smk does.

    Raises:
        UserError: a mistake in the study, or a file that it needs is missing.
    """
    study = read_study(path)
    if names_functions(study.model_dump(mode="json")):
        sys.path.insert(0, str(Path.cwd()))
    folder = study.folder()
    looks = read_looks(folder / "looks.json") if study.analysis.looks else ()
    digests = Digests(share.package_folder(), share.home() / "workflow/scripts", Path.cwd())
    code = {} if study.source else digests.runs(study)
    data = digests.data(study)
    return StudyFile(
        study=study,
        config=os.path.relpath(path),
        seeds=due(study.seeds, study.analysis.looks, looks),
        expected=expected_runs(study, code, data),
        card="" if study.source else str(folder / "data" / f"{data.file.stem}.json"),
    )

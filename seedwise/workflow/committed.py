"""Which files that the runs of a study depend on are not in the commit that their records name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from seedwise.basics.words import shortened
from seedwise.config.study import Study
from seedwise.runs.commit import containing_commit, not_committed
from seedwise.workflow.asked import Dependencies


class Uncommitted(NamedTuple):
    """Files of a study and of its code that the commit does not contain.

    Attributes:
        by_variant: their names, relative to the folder of the program, or to the working folder.
        untracked: the names of those that git does not track.
    """

    by_variant: dict[str, list[str]]
    untracked: list[str]

    def note(self) -> str | None:
        """Say which files git does not have; None if it has all."""
        if not self.untracked:
            return None
        without = f"git does not have {shortened(self.untracked)}, without which nobody else can repeat this study"
        return f"{without}; commit what belongs to it first, and the report can name one commit"


def uncommitted_files(study: Study, found: Dependencies, configs: Sequence[Path]) -> Uncommitted | None:
    """Compare the files of a study and of its own code with the commit; None where there is none.

    Args:
        study: the study.
        found: what its runs depend on.
        configs: its files.
    """
    folder, own = _own_files(study, found, configs)
    missing = not_committed(folder, {file for files in own.values() for file in files})
    if missing is None:
        return None

    def named(file: Path) -> str:
        return os.path.relpath(file, folder)

    code = [file for variant in study.variants if not variant.revision for file in own[variant.name]]
    return Uncommitted(
        {name: sorted({named(file) for file in files if file in missing}) for name, files in own.items()},
        list(dict.fromkeys(named(file) for file in code if file in missing and not missing[file])),
    )


def commit_with_all(study: Study, found: Dependencies, configs: Sequence[Path]) -> str:
    """Return a commit that contains all files of a study and of its own code as they are; empty if there is none.

    The arguments are those of `uncommitted_files`. Revisions have a commit each.
    """
    if study.source or not configs or any(variant.revision for variant in study.variants):
        return ""
    folder, own = _own_files(study, found, configs)
    return containing_commit(folder, {file for files in own.values() for file in files}) or ""


def _own_files(study: Study, found: Dependencies, configs: Sequence[Path]) -> tuple[Path, dict[str, list[Path]]]:
    """Return the folder of the program, or the working folder, and by variant the files of the study and its code.

    Revisions are commits, so that only the files of the study can be missing there.
    """
    folder = found.program.folder if found.program else Path.cwd()
    own: dict[str, list[Path]] = {}
    for variant in study.variants:
        names = {*found.code.get(variant.name, {}), *(() if found.program else found.data.parts)}
        files = [] if found.program and variant.revision else [folder / name for name in sorted(names)]
        # Modules of an installed package are named relative to where it is installed.
        own[variant.name] = [*(path.resolve() for path in configs), *(file for file in files if file.is_file())]
    return folder, own

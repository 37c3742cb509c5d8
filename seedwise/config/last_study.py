"""Which study was run last in a folder: commands about "the study" mean it where none is named."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from seedwise.basics.files import write_text

MARK = ".last-study"
"""File in the folder of all results that names the study's YAML file, relative to the working folder."""


def remember_study(file: Path, results: Path = Path("results")) -> None:
    """Note that a study is run; a results folder that cannot be written to is reported elsewhere."""
    named = os.path.relpath(file)
    if remembered_study(results) != Path(named):
        with suppress(OSError):
            write_text(results / MARK, f"{named}\n")


def remembered_study(results: Path = Path("results")) -> Path | None:
    """Return the file of the study that was run last; None if none was, or its file is gone."""
    try:
        named = Path((results / MARK).read_text(encoding="utf-8").removesuffix("\n"))
    except (OSError, ValueError):
        return None
    return named if named.is_file() else None

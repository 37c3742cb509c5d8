"""The context of a study's runs, results/<study>/.context.json: settings that affect none of their numbers.

Its path never changes, so that a new W&B project or a moved folder of raw files retrains nothing.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticSerializationError

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text
from seedwise.tracking.settings import TrackingSettings
from seedwise.trainers.command.place import ProgramPlace, unreadable


class Context(BaseModel):
    """What a run needs to know and no number depends on.

    Attributes:
        tracking: the trackers that mirror the runs.
        folder: folder of the dataset's raw files; None if they were fetched.
        program: where and how a program is run; None for other runs.
        config: the study's file, whose results are in the folder; empty if it is not one file.
        uncommitted: by variant, the files of the study and of its code that the git commit does not contain; None
            where there is no commit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tracking: TrackingSettings = TrackingSettings()
    folder: str | None = None
    program: ProgramPlace | None = None
    config: str = ""
    uncommitted: dict[str, list[str]] | None = None

    def uncommitted_of(self, variant: str) -> list[str] | None:
        """Return the files of one variant that the commit does not contain; None where there is no commit."""
        return None if self.uncommitted is None else self.uncommitted.get(variant, [])


def context_path(study_folder: Path) -> Path:
    """Return the path of a study's context."""
    return study_folder / ".context.json"


def write_context(study_folder: Path, context: Context) -> Path:
    """Write a study's context if it has changed; return its path.

    Raises:
        UserError: the name of a folder cannot be written as text.
    """
    path = context_path(study_folder)
    try:
        text = context.model_dump_json(by_alias=True, indent=1) + "\n"
    except PydanticSerializationError:  # bytes that are no UTF-8, or Python was told that there is ASCII only
        raise UserError(
            f"{Path.cwd()}: the name of this folder, or of a file of the program, is not text in UTF-8; rename it, or "
            "start Seedwise with LC_ALL=C.UTF-8"
        ) from None
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
    return path


def read_context(path: Path | None) -> Context:
    """Read a context; without a path, return the default context.

    Raises:
        UserError: the file cannot be read.
    """
    if path is None:
        return Context()
    try:
        return Context.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise unreadable(path) from error

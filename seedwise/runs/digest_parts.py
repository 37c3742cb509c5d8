"""What a digest was made of: a file per digest in results/<study>/digests, so that a change can be named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from seedwise.basics.files import write_text

FOLDER = "digests"


def keep_parts(study_folder: Path, parts_of: Mapping[str, Mapping[str, str]]) -> None:
    """Save the parts of digests that are not saved yet; a failure to do so is harmless."""
    for digest, parts in parts_of.items():
        path = _path(study_folder, digest)
        if not path.is_file():
            with suppress(OSError):
                write_text(path, json.dumps(parts, indent=1, sort_keys=True) + "\n")


def read_parts(study_folder: Path, digest: str | None) -> dict[str, str]:
    """Return the parts of a digest; empty if they were not saved."""
    try:
        found = json.loads(_path(study_folder, digest).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def changed_parts(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the names of the parts that differ; none if one side is not known."""
    if not before or not after:
        return []
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def _path(study_folder: Path, digest: str | None) -> Path:
    return study_folder / FOLDER / f"{digest}.json"

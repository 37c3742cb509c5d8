"""Digests of the data that a study declares for a user's program."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from seedwise.basics.code_digest import combine
from seedwise.basics.errors import UserError
from seedwise.basics.file_digests import FileDigests, folder_digest, visible_files
from seedwise.basics.names import quote
from seedwise.trainers.command.listing import is_pattern, matches, nearby


def data_digests(
    folder: Path, data: Sequence[str], cache: Path | None = None, key: str = "command.data"
) -> dict[str, str]:
    """Return a digest of the content of each entry of `data:`, by the entry.

    Hidden files do not count. What has not been touched is not read again.

    Args:
        folder: where the program runs; entries are relative to it.
        data: files, folders and globs.
        cache: a JSON file that may be deleted at any time; None reads every file.
        key: where the study names them, for messages.

    Raises:
        UserError: there are no such data.
    """
    return {entry: _digest(folder, entry, cache, key) for entry in data}


def located(folder: Path, entry: str, key: str = "command.data") -> list[Path]:
    """Return the files and folders that an entry of `data:` or `link:` names; raises UserError if there are none."""
    path = folder / os.path.expanduser(entry)  # noqa: PTH111 -- of an entry that may be no path
    if path.exists():
        if folder.resolve().is_relative_to(path.resolve()):
            raise UserError(f"{key}: found {quote(entry)}, which holds the program itself; name the files of the data")
        return [path]
    if path.is_symlink():
        raise UserError(f"{key}: found {quote(entry)}, a link to {path.readlink()}, which is not there")
    names = matches(folder, entry, lambda name: not name.startswith("."), folders=True) if is_pattern(entry) else []
    found = [folder / name for name in names]
    if not found:
        what = "which matches no file" if is_pattern(entry) else "which is not there"
        raise UserError(f"{key}: found {quote(entry)}, {what}{nearby(folder, entry) or f' ({path})'}")
    return found


def _digest(folder: Path, entry: str, cache: Path | None, key: str) -> str:
    found = located(folder, entry, key)
    if not any(True for place in found for _ in visible_files(place)):
        raise UserError(f"{key}: found {quote(entry)}, a folder without files; put the data there before the first run")
    if found[0] == folder / os.path.expanduser(entry):  # noqa: PTH111
        return folder_digest(found[0], cache)
    # One digest for all: a pattern can match more files than a record should list.
    digests = FileDigests(cache)
    files = (file for place in found for file in visible_files(place))
    parts = {os.path.relpath(file, folder): digests.sha256(file) for file in files}
    digests.save()
    return combine(parts)

"""Where the files of a source are: a path, a pattern, and from which folder they count."""

from __future__ import annotations

import glob
from pathlib import Path, PurePath

from seedwise.basics.errors import UserError
from seedwise.basics.names import nearest, quote

WILD = "*?["


def shown(path: str) -> str:
    """Return how messages call a path, without what would break a line."""
    return path if path.isprintable() else repr(PurePath(path).name)


def place_of(path: str, base: Path) -> str:
    """Return a path or pattern of a config, from its folder, or from the working folder if only that has the file."""
    there = base / path
    if not there.exists() and not _matching(str(there)) and (Path(path).exists() or _matching(path)):
        return path
    return str(there)


def _matching(source: str) -> list[Path]:
    if not any(mark in source for mark in WILD):
        return []
    found = sorted(Path(name) for name in glob.glob(source, recursive=True))  # noqa: PTH207 - as a shell reads it
    return [name for name in found if name.is_file()]


def find_files(source: str) -> list[Path]:
    """Return the files that a path or a pattern names, sorted.

    Raises:
        UserError: there is none.
    """
    path = Path(source)
    if path.is_file():
        return [path]
    if path.is_dir():
        inside = sorted({child.suffix for child in path.iterdir() if child.is_file() and child.suffix})
        example = f"{source.rstrip('/')}/**/*{inside[0] if inside else '.csv'}"
        raise UserError(f"{shown(source)}: a folder; name its files with a pattern in quotes, such as '{example}'")
    if path.exists():
        return [path]  # a pipe, as <(…) of a shell makes it
    if any(mark in source for mark in WILD):
        files = _matching(source)
        if files:
            return files
        raise UserError(f"{shown(source)}: no file fits this pattern")
    folder = path.parent if path.parent.is_dir() else None
    guess = nearest(path.name, [child.name for child in folder.iterdir()]) if folder else None
    hint = f"; did you mean {quote(str(path.with_name(guess)))}?" if guess else ""
    raise UserError(f"{shown(source)}: No such file or directory{hint}")

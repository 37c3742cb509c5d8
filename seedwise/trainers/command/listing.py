"""Which files belong to a user's project: those that git tracks or does not ignore; without git, all in its folder."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from seedwise.basics.code_digest import is_within
from seedwise.basics.errors import UserError
from seedwise.basics.git import GitError, git, repository
from seedwise.basics.names import quote

RESULTS = "results"
"""Folder in which Seedwise writes; whatever it holds is never code."""

OUTPUTS = frozenset(
    {RESULTS, "outputs", "multirun", "wandb", "mlruns", "lightning_logs", "tb_logs", "tensorboard", "checkpoints"}
)
"""Folders into which programs write; files in them that git does not track are not code."""

_TOOLS = frozenset({"__pycache__", "node_modules", "site-packages", "__pypackages__"})
_WALKED = 200_000


def walk(
    folder: Path, enters: Callable[[str], bool], without: Collection[str] = (), most: int = _WALKED, remedy: str = ""
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Go through the files below a folder, also those that are links, but not into links to folders.

    Args:
        folder: where to start.
        enters: whether to go into a folder of this name; environments are never entered.
        without: files and folders, relative to `folder`, that are passed over.
        most: how many files may be there.
        remedy: what to do if there are more.

    Raises:
        UserError: there are more than `most` files.
    """
    waiting, seen = [""], 0
    while waiting:
        place = waiting.pop()
        try:
            entries = list(os.scandir(folder / place))
        except (PermissionError, FileNotFoundError):  # or deleted meanwhile
            continue
        for entry in entries:
            name = f"{place}/{entry.name}" if place else entry.name
            if is_within(name, without):
                continue
            if entry.is_dir(follow_symlinks=False):
                if enters(entry.name) and not is_environment(Path(entry.path)):
                    waiting.append(name)
                continue
            seen += 1
            if seen > most:
                raise UserError(f"{folder}: more than {most} files; {remedy}")
            yield name, entry


def is_environment(folder: Path) -> bool:
    """Whether a folder is a virtual or conda environment."""
    return (folder / "pyvenv.cfg").exists() or (folder / "conda-meta").exists()


def enters_sources(name: str) -> bool:
    """Whether a folder can hold sources: no hidden folder, no packages of others, no outputs."""
    return not name.startswith(".") and name not in _TOOLS and name not in OUTPUTS


def project_files(folder: Path, without: Collection[str] = (), remedy: str = "") -> tuple[set[str], set[str]]:
    """Return the names, relative to `folder`, of a project's files: (those that git tracks, the others).

    Outside a git repository, or where git ignores the whole folder, all files are among the others.

    Args:
        folder: the project's folder; it may be part of a repository.
        without: files and folders, relative to it, that do not count.
        remedy: what to do if there are too many files.

    Raises:
        UserError: git refuses to read its repository, or there are too many files.
    """
    try:
        tracked, others = _of_repository(folder) if repository(folder) is not None else (set(), set())
    except GitError as error:
        raise UserError(f"{folder}: git cannot list the files: {error}") from error
    if not tracked and not others:
        others = {name for name, _ in walk(folder, enters_sources, without, remedy=remedy)}
    else:
        others = {name for name in others if not OUTPUTS.intersection(name.split("/")[:-1])}
    skipped = (RESULTS, ".snakemake", ".git", *without)
    return _files(folder, tracked, skipped), _files(folder, others, skipped)


def _files(folder: Path, names: Iterable[str], skipped: Collection[str]) -> set[str]:
    """Return the names that are files; git also knows those that were deleted."""
    start = f"{folder}{os.sep}"
    return {name for name in names if os.path.isfile(start + name) and not is_within(name, skipped)}  # noqa: PTH113


def _of_repository(folder: Path) -> tuple[set[str], set[str]]:
    """List what git tracks and what it neither tracks nor ignores, also in repositories inside this one."""
    found = []
    for arguments in (["--cached"], ["--others", "--exclude-standard"]):
        names = set(git(folder, "ls-files", "-z", *arguments).split("\0")) - {""}
        # A submodule, or a repository that was cloned into this one.
        start = f"{folder}{os.sep}"
        folders = {name for name in names if os.path.isdir(start + name)}  # noqa: PTH112 -- there can be thousands
        inner = {name for name in folders if (folder / name / ".git").exists() and not (folder / name).is_symlink()}
        found.append((names - inner, inner))
    (tracked, submodules), (others, clones) = found
    for place in {name.rstrip("/") for name in submodules | clones}:
        if place.startswith(".") or "/." in place or is_environment(folder / place):
            continue
        below_tracked, below_others = _of_repository(folder / place)
        tracked |= {f"{place}/{name}" for name in below_tracked}
        others |= {f"{place}/{name}" for name in below_others}
    return tracked, others


def matches(
    folder: Path, pattern: str, enters: Callable[[str], bool] = enters_sources, folders: bool = False
) -> list[str]:
    """Return the files that a glob names, relative to `folder`; `**` stands for any number of folders.

    Neither `**` nor `*` matches hidden files.

    Args:
        folder: where the pattern starts.
        pattern: with /, *, ?, [...] and **.
        enters: whether `**` goes into a folder of this name; it never goes into environments or links.
        folders: whether a folder can be a match.
    """
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    start = "/" if pattern.startswith("/") else ""
    found = _matches(folder, start, parts, enters)
    return sorted({name for name in found if (folder / name).is_file() or (folders and (folder / name).is_dir())})


def _matches(folder: Path, place: str, parts: list[str], enters: Callable[[str], bool]) -> Iterator[str]:
    if not parts:
        yield place
        return
    first, rest = parts[0], parts[1:]
    here = folder / place
    if first == "**":
        yield from _matches(folder, place, rest or ["*"], enters)
        for entry in _entries(here):
            if entry.is_dir(follow_symlinks=False) and enters(entry.name) and not is_environment(Path(entry.path)):
                yield from _matches(folder, _join(place, entry.name), parts, enters)
    elif is_pattern(first):
        for entry in _entries(here):
            hidden = entry.name.startswith(".") and not first.startswith(".")
            if not hidden and fnmatch.fnmatchcase(entry.name, first) and (not rest or entry.is_dir()):
                yield from _matches(folder, _join(place, entry.name), rest, enters)
    elif (here / first).exists():
        yield from _matches(folder, _join(place, first), rest, enters)


def is_pattern(text: str) -> bool:
    """Whether a text is a glob rather than a name."""
    return any(sign in text for sign in "*?[")


def _entries(place: Path) -> list[os.DirEntry[str]]:
    try:
        return list(os.scandir(place))
    except OSError:
        return []


def _join(place: str, name: str) -> str:
    return f"{place}/{name}" if place not in ("", "/") else f"{place}{name}"


def nearby(folder: Path, name: str, most: int = 2_000) -> str:
    """Write "; did you mean …?" with the file below `folder` that `name` probably stands for; nothing if none is."""
    import difflib  # only mistakes need it

    known: dict[str, None] = {}
    waiting = [""]
    while waiting and len(known) < most:
        place = waiting.pop(0)
        for entry in _entries(folder / place):
            path = _join(place, entry.name)
            known[path] = None
            if entry.is_dir(follow_symlinks=False) and enters_sources(entry.name):
                waiting.append(path)
    wanted = name.removeprefix("./").rstrip("/")
    by_lower = {path.lower(): path for path in known}
    last = wanted.rsplit("/", 1)[-1].lower()
    found = difflib.get_close_matches(wanted.lower(), by_lower, n=1, cutoff=0.7)
    found = found or [path for path in by_lower if path.rsplit("/", 1)[-1] == last][:1]
    return f"; did you mean {quote(by_lower[found[0]])}?" if found else ""

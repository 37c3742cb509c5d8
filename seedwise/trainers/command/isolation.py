"""Runs that share a folder: a copy of the program for each, or a watch on the files that they write into it.

A program that saves `model.pt` beside its code and reads it again tests the model of another run if two run at once.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from seedwise.basics.code_digest import is_within
from seedwise.basics.errors import UserError
from seedwise.trainers.command.data import located
from seedwise.trainers.command.listing import RESULTS, project_files, walk
from seedwise.trainers.command.own_output import NAMES, own_output

Snapshot = Mapping[str, tuple[int, int]]
"""Size and time of each file, by its name relative to the folder."""

WATCHED = 20_000
LARGEST_COPY = 2_000_000_000
"""Bytes; more is data, which should be linked."""

# What tools keep for themselves. Runs may share it.
_CACHES = frozenset(
    {".git", ".hg", ".svn", ".snakemake", ".ipynb_checkpoints", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".tox"}
    | {".hypothesis", ".nox", ".cache", ".idea", ".vscode", ".triton", "__pycache__", "node_modules", "wandb", "mlruns"}
)


def copy_program(folder: Path, target: Path, link: Sequence[str] = (), without: Collection[str] = ()) -> Path:
    """Copy what git tracks or does not ignore, link the data, and return the folder in which the copy is to run.

    That is `target`; but if data lie above the original, as `../data` does, it lies as deep below `target`.

    Args:
        folder: where the program runs otherwise.
        target: a folder that does not exist or is empty.
        link: data: files, folders and globs relative to `folder`; they are not copied.
        without: files and folders, relative to `folder`, that are not copied either.

    Raises:
        UserError: data are not there, or there is too much to copy.
    """
    import shutil  # only isolated runs need it

    folder = folder.absolute()
    linked = _linked(folder, link)
    depth = max((name.split("/").count("..") for name in linked), default=0)
    place = target.joinpath(*folder.parts[len(folder.parts) - depth :])
    place.mkdir(parents=True, exist_ok=True)
    tracked, others = project_files(folder, without, "name the data under link:")
    names = sorted(name for name in tracked | others if not is_within(name, linked))
    _refuse_much(folder, names)
    for name in names:
        copy = place / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / name, copy)  # of a link, what it leads to: a run must not write through it
    link_into(place, folder, linked)
    return place


def link_into(place: Path, folder: Path, names: Iterable[str]) -> None:
    """Link files and folders, named relative to `folder`, into `place`; what is there already stays.

    Of a folder that is there, what it lacks is linked: a repository may track a README beside its data.
    """
    for name in names:
        there, original = Path(os.path.normpath(place / name)), Path(os.path.normpath(folder / name))
        if there.is_dir() and not there.is_symlink() and original.is_dir():
            link_into(there, original, sorted(os.listdir(original)))  # noqa: PTH208
        elif not there.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            there.unlink(missing_ok=True)  # a link to what was moved
            there.symlink_to(original)


def data_names(folder: Path, entries: Sequence[str]) -> list[str]:
    """Return the files and folders that entries of `data:` and `link:` name, relative to `folder`.

    Absolute paths are left out: they are found from anywhere.

    Raises:
        UserError: an entry names nothing.
    """
    return _linked(folder.absolute(), entries)


def _linked(folder: Path, entries: Sequence[str]) -> list[str]:
    relative = [entry for entry in entries if not Path(entry).expanduser().is_absolute()]
    found = {
        os.path.normpath(os.path.relpath(path, folder)): None for entry in relative for path in located(folder, entry)
    }
    return [name for name in found if not is_within(name, [other for other in found if other != name])]


def _refuse_much(folder: Path, names: Sequence[str]) -> None:
    sizes = {name: (folder / name).stat().st_size for name in names}
    if sum(sizes.values()) > LARGEST_COPY:
        largest = max(sizes, key=lambda name: sizes[name])
        total, limit = sum(sizes.values()) / 1e9, LARGEST_COPY / 1e9
        raise UserError(
            f"command.isolate: each run would copy {total:.1f} GB, more than {limit:.0f} GB; name data that "
            f"runs only read under link: or data:, such as {largest} ({sizes[largest] / 1e9:.1f} GB)"
        )


def snapshot(folder: Path, without: Collection[str] = ()) -> Snapshot | None:
    """Note the size and time of each file in a folder; None if it has more than 20 000, which would take too long.

    Files that take what Seedwise itself prints are left out.

    Args:
        folder: where the program runs.
        without: files and folders, relative to it, that do not matter: data, and where the study writes.
    """
    found, own = {}, own_output()
    try:
        for name, entry in walk(folder, _is_watched, (RESULTS, *without), most=WATCHED):
            # A link that leads nowhere, or to a folder, is not a file; any can be deleted meanwhile.
            if not name.endswith((".pyc", ".pyo")) and entry.is_file():
                with suppress(OSError):
                    status = entry.stat()
                    if (status.st_dev, status.st_ino) not in own and name.rpartition("/")[2] not in NAMES:
                        found[name] = (status.st_size, status.st_mtime_ns)
    except UserError:
        return None
    return found


def _is_watched(name: str) -> bool:
    return name not in _CACHES


def written(before: Snapshot | None, after: Snapshot | None) -> list[str]:
    """Return the files that were made or changed between two snapshots; none if one was not taken."""
    if before is None or after is None:
        return []
    return sorted(name for name, state in after.items() if before.get(name) != state)


class SharedWrites(NamedTuple):
    """Files in the program's folder that several runs wrote, each with these runs.

    Attributes:
        certain: more than one run must have written them.
        possible: one run alone can have written them, while the others ran beside it.
    """

    certain: dict[str, tuple[str, ...]]
    possible: dict[str, tuple[str, ...]]


def shared_writes(
    writes: Mapping[str, Iterable[str]], times: Mapping[str, tuple[float, float]] | None = None
) -> SharedWrites:
    """Return the files that several runs wrote.

    A snapshot cannot tell runs apart that ran at the same time: what one wrote has changed in the time of the other.
    So a file was certainly shared only if no run that it changed during overlaps all the others.

    Args:
        writes: what `written` returned, by run.
        times: start and end of each run; None if they ran one after another.
    """
    runs_of: dict[str, list[str]] = {}
    for run, names in writes.items():
        for name in names:
            runs_of.setdefault(name, []).append(run)
    found = SharedWrites({}, {})
    for name, runs in sorted(runs_of.items()):
        if len(runs) > 1:
            alone = times is not None and any(all(_overlap(times, one, other) for other in runs) for one in runs)
            (found.possible if alone else found.certain)[name] = tuple(runs)
    return found


def _overlap(times: Mapping[str, tuple[float, float]], one: str, other: str) -> bool:
    return times[one][0] <= times[other][1] and times[other][0] <= times[one][1]

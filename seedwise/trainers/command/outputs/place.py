"""Where one run left its files, and how a path in the study leads to one of them."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from seedwise.basics.errors import UserError
from seedwise.basics.names import nearest, plain, quote
from seedwise.basics.words import quantity, shortened

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_GLOB = re.compile(r"[*?\[]")
_MOST_FILES = 2000  # below {out}, to be looked at
_MOST_NAMED = 4
_MOST_KEYS = 12


Note = tuple[int, int, int]
"""Of a file: inode, size in bytes, and time of its last change in nanoseconds."""


class ResultsError(UserError):
    """A run's numbers cannot be read. `problems` holds one line per mistake."""

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class Place(NamedTuple):
    """Where one run left its numbers.

    Attributes:
        fill: fills in the placeholders of a path.
        folder: the program's working folder, from which relative paths lead.
        out: the run's own folder, `{out}`.
        log: file with the program's output.
        log_start: byte at which the output of this program starts.
        results: the file $SEEDWISE_RESULTS.
        history: the file $SEEDWISE_HISTORY.
        scores: the file $SEEDWISE_SCORES.
        metric: the metric that decides; empty if there is none.
        higher_is_better: its direction.
        before: what lay outside `out` before the program was started, as `noted` returns it: what has not changed since
            then is another run's.
    """

    fill: Callable[[str], str]
    folder: Path
    out: Path
    log: Path
    log_start: int
    results: Path
    history: Path
    scores: Path
    metric: str
    higher_is_better: bool
    before: Mapping[Path, Note] = MappingProxyType({})


def find_file(template: str, place: Place, key: str) -> Path:
    """Return the one file that a path of the study stands for.

    Args:
        template: path with placeholders, perhaps with `*`.
        place: the run.
        key: where the path stands in the study, for messages.

    Raises:
        ResultsError: there is no such file, there are several, or an earlier run has written it.
    """
    found = [path for path in matches(template, place) if path.is_file()]
    shown = place.fill(template)
    if not found and Path(place.folder, shown).is_dir():
        raise ResultsError(f"{key}: {shown} is a folder; name the file in it{_files_there(shown, place)}")
    if not found:
        what = "no file matches" if _GLOB.search(template) else "there is no file"
        raise ResultsError(f"{key}: {what} {shown}{_files_there(shown, place)}")
    if len(found) > 1:
        raise ResultsError(f"{key}: {several('file', shown, found)}")
    refuse_unchanged(found, place, key)
    return found[0]


def matches(template: str, place: Place) -> list[Path]:
    """Return all files and folders that a path of the study stands for."""
    if not _GLOB.search(_PLACEHOLDER.sub("", template)):
        path = Path(place.folder, place.fill(template))
        return [path] if path.exists() else []
    # Only what the study wrote is a pattern, not the characters of a filled-in value.
    pattern = _PLACEHOLDER.sub(lambda match: glob.escape(place.fill(match[0])), template)
    return [Path(path) for path in sorted(glob.glob(str(place.folder / pattern), recursive=True))]  # noqa: PTH207


def several(noun: str, shown: str, found: Sequence[Path]) -> str:
    """Say that a path stands for several files or folders where one is needed, and which."""
    named = shortened(list(map(str, found)), _MOST_NAMED)
    return f"{shown} stands for {quantity(len(found), noun)}, need one: {named}"


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, in order; of a huge tree, the first ones."""
    count = 0
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            count += 1
            if count > _MOST_FILES:
                return
            yield Path(root, name)


def no_such(what: str, found: str, there: Sequence[str]) -> str:
    """Say that a file has no such key or column, which one was probably meant, and which it has."""
    if not there:
        return f"no {what} {quote(found)}; there are none"
    guess = nearest(found, there) or _same_end(found, there)
    hint = f"; did you mean {quote(guess)}?" if guess else "."
    more = f", … ({len(there)} in all)" if len(there) > _MOST_KEYS else ""
    return f"no {what} {quote(found)}{hint} There are: {', '.join(map(plain, there[:_MOST_KEYS]))}{more}"


def _same_end(found: str, there: Sequence[str]) -> str | None:
    end = re.split(r"[./]", found)[-1].lower()
    return next((name for name in there if re.split(r"[./]", name)[-1].lower() == end), None)


def _files_there(shown: str, place: Place) -> str:
    """Name the files below {out} that are most like a missing one."""
    files = [str(path.relative_to(place.out)) for path in files_below(place.out)]
    if not files:
        return f"; the program has written no file into {place.out}"
    import difflib  # only mistakes need it

    name = Path(shown).name

    def likeness(file: str) -> float:
        return difflib.SequenceMatcher(None, Path(file).name, name).ratio()

    best = sorted(files, key=likeness, reverse=True)[:_MOST_NAMED]
    more = f" (and {len(files) - len(best)} more)" if len(files) > len(best) else ""
    return f"; in {place.out} there are: {', '.join(map(plain, best))}{more}"


def noted(templates: Iterable[str], place: Place) -> dict[Path, Note]:
    """Note size and time of each file outside `out` that a path of the study stands for, before the program starts."""
    found = {}
    for template in templates:
        for path in matches(template.removeprefix("sqlite:///"), place):
            for file in files_below(path) if path.is_dir() else [path]:
                with suppress(OSError):
                    found[file] = _note(file)
    return found


def refuse_unchanged(files: Sequence[Path], place: Place, key: str) -> None:
    """Refuse files that are all as they were before the program was started.

    Raises:
        ResultsError: another run has written them.
    """
    if files and all(place.before.get(file) == _note(file) for file in files):
        raise ResultsError(f"{key}: {files[0]} was there before this run and has not changed, so it is another run's")


def _note(file: Path) -> Note:
    status = file.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns

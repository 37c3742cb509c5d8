"""Numbers in what a program prints: regular expressions on its lines, read as a stream."""

from __future__ import annotations

import heapq
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from seedwise.basics.names import quote
from seedwise.trainers.command.outputs.columns import Cell, Columns
from seedwise.trainers.command.outputs.numbers import cut_off
from seedwise.trainers.command.outputs.place import Place, ResultsError

if TYPE_CHECKING:
    from seedwise.trainers.command.outputs.settings import Choice, Word

Match = tuple[int, re.Match[str]]
"""A match and the row of its line."""
_BLOCK = 1 << 20  # bytes that are read at a time; a longer line is split
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SYNTAX = re.compile(r"\\[A-Za-z]|\(\?[:=!P<]|[^\w]+|_")
_NO_DIGITS = str.maketrans("", "", "0123456789")
_MOST_FORMS = 1000
_MOST_LINES = 3
_LONGEST = 100  # characters of a line that is quoted


def output_lines(log: Path, start: int) -> Iterator[str]:
    """Yield the lines of a program's output that are not empty.

    A carriage return, with which progress bars overwrite themselves, ends a line too. Colours are removed.

    Raises:
        ResultsError: the log cannot be read.
    """
    for lines in _blocks(log, start):
        yield from lines


def _blocks(log: Path, start: int) -> Iterator[list[str]]:
    rest = b""
    try:
        with log.open("rb") as stream:
            stream.seek(start)
            while block := stream.read(_BLOCK):
                whole, _, rest = (rest + block).replace(b"\r", b"\n").rpartition(b"\n")
                yield _split(whole)
                if len(rest) > _BLOCK:
                    yield _split(rest)
                    rest = b""
    except OSError as error:
        raise ResultsError(f"the program's output {log}: {error.strerror}") from error
    yield _split(rest)


def _split(lines: bytes) -> list[str]:
    text = lines.decode("utf-8", errors="replace")
    return list(filter(None, (_COLOUR.sub("", text) if "\x1b" in text else text).split("\n")))


def read_matches(patterns: Mapping[str, str], place: Place, key: str, take: Word | Choice | None = None) -> Columns:
    """Find the matches of every pattern; each is a column, each line a row.

    Args:
        patterns: regular expression with one group, by metric.
        place: the run.
        key: where the patterns stand in the study, for messages.
        take: which matches will count, so that no others are kept; None keeps all.

    Raises:
        ResultsError: patterns match nowhere, or cut a number in two; all of them are named, with the nearest lines.
    """
    searches = {name: re.compile(pattern) for name, pattern in patterns.items()}
    most = _most(take)
    found: dict[str, deque[Match]] = {name: deque(maxlen=most) for name in patterns}
    row = 0
    for lines in _blocks(place.log, place.log_start):
        for name, search in searches.items():
            if take != "first":
                found[name].extend(_last_matches(search, lines, row, most))
            elif not found[name]:
                found[name].extend(_last_matches(search, lines, row, None)[:1])
        row += len(lines)
    cut = {name: said for name, matches in found.items() if (said := _cut(matches)) is not None}
    problems = [f"{key}.{name}: {quote(patterns[name])} {said}; output: {place.log}" for name, said in cut.items()]
    problems += [
        f"{key}.{name}: {quote(patterns[name])} matches no line of the output{_nearest(patterns[name], place)}; "
        f"output: {place.log}"
        for name, matches in found.items()
        if not matches
    ]
    if problems:
        raise ResultsError(problems)
    cells = {
        name: [Cell(row, match[1], _shortened(match.string)) for row, match in matches]
        for name, matches in found.items()
    }
    return Columns(f"the output {place.log}", "pattern", cells)


def _last_matches(search: re.Pattern[str], lines: list[str], row: int, most: int | None) -> list[Match]:
    """Return the last matches in some lines, in order; all of them if `most` is None."""
    found: list[Match] = []
    for index in range(len(lines) - 1, -1, -1):
        if search.search(lines[index]):
            found += [(row + index, match) for match in search.finditer(lines[index]) if match[1] is not None][::-1]
            if most is not None and len(found) >= most:
                break
    return found[::-1]


def _cut(matches: Iterable[Match]) -> str | None:
    """Say that a pattern takes only a part of a number; None if it takes all of each."""
    for _, match in matches:
        whole = cut_off(match.string, *match.span(1))
        if whole is not None:
            return f"takes {match[1]} out of {quote(whole)}; let its group take all: (\\S+)"
    return None


def _most(take: Word | Choice | None) -> int | None:
    """Return how many of the last matches are enough; None if all are needed."""
    if take in ("last", "first"):
        return 1
    return None if take is None or isinstance(take, str) else take.mean_last


def _nearest(pattern: str, place: Place) -> str:
    """Quote the lines that share most words with a pattern; without any, those at the end."""
    words = set(_words(_SYNTAX.sub(" ", pattern)))
    any_word = re.compile("|".join(map(re.escape, words)) or "(?!)", re.IGNORECASE)
    best: list[tuple[float, int, str]] = []
    last: deque[str] = deque(maxlen=_MOST_LINES)
    seen: set[str] = set()
    for row, line in enumerate(output_lines(place.log, place.log_start)):
        if not line.isspace():
            last.append(line)
        if not any_word.search(line) or (form := line.translate(_NO_DIGITS)) in seen:
            continue  # of lines that differ only in their numbers, the first is enough
        if len(seen) < _MOST_FORMS:
            seen.add(form)
        own = set(_words(line))
        shared = len(words & own)
        heapq.heappush(best, (shared + shared / len(words | own), -row, line))
        if len(best) > _MOST_LINES:
            heapq.heappop(best)
    if not last:
        return "; the program has printed nothing"
    near = [line for likeness, _, line in sorted(best, reverse=True) if likeness]
    said = "nearest" if near else "it ends with"
    return f"; {said}: {', '.join(quote(_shortened(line)) for line in near or last)}"


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[^\W\d_]+", text.lower()) if len(word) > 1]


def _shortened(line: str) -> str:
    line = line.strip()
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"

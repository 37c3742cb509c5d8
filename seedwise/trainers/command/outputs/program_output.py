"""Numbers in what a program prints: regular expressions on its lines, read as a stream."""

from __future__ import annotations

import heapq
import re
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

from seedwise.basics.names import quote
from seedwise.trainers.command.outputs.columns import Cell, Columns
from seedwise.trainers.command.outputs.numbers import cut_off
from seedwise.trainers.command.outputs.place import Place, ResultsError
from seedwise.trainers.command.outputs.settings import Choice, Word

_BLOCK = 1 << 20  # bytes that are read at a time; a longer line is split
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SYNTAX = re.compile(r"\\[A-Za-z]|\(\?[:=!P<]|[^\w]+|_")
_CANDIDATES = 50
_MOST_LINES = 3
_LONGEST = 100  # characters of a line that is quoted


def output_lines(log: Path, start: int) -> Iterator[str]:
    """Yield the lines of a program's output that are not blank.

    A carriage return, with which progress bars overwrite themselves, ends a line too. Colours are removed.

    Raises:
        ResultsError: the log cannot be read.
    """
    rest = b""
    try:
        with log.open("rb") as stream:
            stream.seek(start)
            while block := stream.read(_BLOCK):
                *whole, rest = (rest + block).replace(b"\r", b"\n").split(b"\n")
                yield from map(_decoded, filter(None, whole))
                if len(rest) > _BLOCK:
                    yield _decoded(rest)
                    rest = b""
    except OSError as error:
        raise ResultsError(f"the program's output {log}: {error.strerror}") from error
    if rest:
        yield _decoded(rest)


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
    found: dict[str, deque[Cell]] = {name: deque(maxlen=most) for name in patterns}
    cut: dict[str, str] = {}
    for row, line in enumerate(output_lines(place.log, place.log_start)):
        for name, search in searches.items():
            for match in search.finditer(line):
                if match[1] is None or (take == "first" and found[name]):
                    continue
                if (whole := cut_off(line, *match.span(1))) is not None:
                    cut.setdefault(name, f"takes {match[1]} out of {quote(whole)}; let its group take all: (\\S+)")
                found[name].append(Cell(row, match[1], _shortened(line)))
    problems = [f"{key}.{name}: {quote(patterns[name])} {said}; output: {place.log}" for name, said in cut.items()]
    problems += [
        f"{key}.{name}: {quote(patterns[name])} matches no line of the output{_nearest(patterns[name], place)}; "
        f"output: {place.log}"
        for name, cells in found.items()
        if not cells
    ]
    if problems:
        raise ResultsError(problems)
    return Columns(f"the output {place.log}", "pattern", {name: list(cells) for name, cells in found.items()})


def _most(take: Word | Choice | None) -> int | None:
    """Return how many of the last matches are enough; None if all are needed."""
    if take in ("last", "first"):
        return 1
    return take.mean_last if isinstance(take, Choice) else None


def _decoded(line: bytes) -> str:
    text = line.decode("utf-8", errors="replace")
    return _COLOUR.sub("", text) if "\x1b" in text else text


def _nearest(pattern: str, place: Place) -> str:
    """Quote the lines that share most words with a pattern; without any, those at the end."""
    words = set(_words(_SYNTAX.sub(" ", pattern)))
    best: list[tuple[float, int, str]] = []
    last: deque[str] = deque(maxlen=_MOST_LINES)
    seen: dict[str, None] = {}
    for row, line in enumerate(output_lines(place.log, place.log_start)):
        if not line.strip():
            continue
        last.append(line)
        own = set(_words(line))
        shared = len(words & own)
        form = re.sub(r"\d+", "0", line)
        if not shared or form in seen:
            continue
        if len(seen) < _CANDIDATES * 20:
            seen[form] = None
        heapq.heappush(best, (shared / len(words | own) + shared, -row, line))
        if len(best) > _CANDIDATES:
            heapq.heappop(best)
    if not last:
        return "; the program has printed nothing"
    near = [line for *_, line in sorted(best, reverse=True)[:_MOST_LINES]]
    said = "nearest" if near else "it ends with"
    return f"; {said}: {', '.join(quote(_shortened(line)) for line in near or last)}"


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[^\W\d_]+", text.lower()) if len(word) > 1]


def _shortened(line: str) -> str:
    line = line.strip()
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"

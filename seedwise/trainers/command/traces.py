"""Whether the seed shows in what runs leave besides their results: in what they print, and in the files they write.

Runs of few test examples often agree in the metric to the last digit although the seed counts. Times, paths and the
seed itself, where a program prints it, do not count: what they say, a program that ignores its seed says too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from seedwise.trainers.command.outputs.program_output import output_lines

_NUMBER = re.compile(r"(?<![\w.])[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w)|(?<=[A-Za-z_=])\d+\.?\d*(?!\w)")
_UNITS = r"(?:ms|s|sec|secs|seconds?|m|min|mins|minutes?|h|hours?|it/s|s/it|\w+/s|\w+/sec|[KMGT]?i?B|%)"
_OF_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]?|\b\d{1,3}:\d\d(?::\d\d)?(?:[.,]\d+)?|"  # a date, a time of day or a duration
    rf"(?<![\w.])\d+\.?\d*(?:e[+-]?\d+)?\s?{_UNITS}(?![\w/])|"
    r"(?:time|times|seconds|secs?|elapsed|eta|runtime|duration|fps|sps|speed|per_second|timestamp|took|pid|port|memory)"
    r"[\"']?\s*[=: ]\s*\d+\.?\d*(?:e[+-]?\d+)?",
    re.IGNORECASE,
)
_OF_SEED = re.compile(r"(?:seed|random_state)\w*[\"']?[^\w+-]{0,3}\d+", re.IGNORECASE)
_MOST_LINES = 100_000
_LONGEST = 60  # characters of a line that is quoted
_BIGGEST = 4 << 20  # bytes of a file that are compared
_OTHER_BYTES = 0.05  # share that differs in a file of numbers; where only the seed is saved, a few bytes do
_FEW_BYTES = 64


class Left(NamedTuple):
    """What a run has left.

    Attributes:
        seed: of the run.
        folder: of the run; its path in a line says nothing.
        log: what the program printed.
        log_start: where in the file that begins.
        files: that it wrote, by name.
    """

    seed: int
    folder: Path
    log: Path
    log_start: int
    files: dict[str, Path]


class _Line(NamedTuple):
    """A line as it was written, what is the same in all lines of its kind, and its numbers."""

    text: str
    form: str
    numbers: tuple[str, ...]


def seed_shows(first: Left, again: Left, other: Left, whole: bool = True) -> str | None:
    """Return where the seed shows: what a run repeats with its seed and another seed changes; None if nowhere.

    Args:
        first: a run.
        again: the same run once more.
        other: a run with another seed.
        whole: whether the runs went on to their end; else they are compared as far as all of them came.
    """
    logs = [_lines(output_lines(run.log, run.log_start), run) for run in (first, again, other)]
    one, two, three = logs
    if pair := _numbers_apart(first.seed, other.seed, one, two, three) or _text_apart(one, two, three, whole):
        return f"{_quoted(pair[0])} becomes {_quoted(pair[1])}"
    for name in first.files:
        if name in again.files and name in other.files:
            paths = [run.files[name] for run in (first, again, other)]
            with suppress(OSError):
                if _files_apart((first, again, other), paths, whole):
                    return f"{name} differs"
    return None


def _lines(texts: Iterable[str], run: Left) -> list[_Line]:
    lines = []
    for text in islice(texts, _MOST_LINES):
        plain = text.replace(str(run.folder), "").replace(run.folder.name + "/", "")
        plain = _OF_SEED.sub("seed", _OF_TIME.sub("", plain))
        lines.append(_Line(text.strip(), _NUMBER.sub("#", plain), tuple(_NUMBER.findall(plain))))
    return lines


def _numbers_apart(
    seed: int, another: int, first: list[_Line], again: list[_Line], other: list[_Line]
) -> tuple[str, str] | None:
    """Compare the numbers at the same place of all lines of a form, so that one coincidence of times says nothing."""
    forms = [_by_form(lines) for lines in (first, again, other)]
    for form, lines in forms[0].items():
        triples = list(zip(lines, forms[1].get(form, ()), forms[2].get(form, ()), strict=False))
        for place in range(len(lines[0].numbers)):
            values = [tuple(line.numbers[place] for line in triple) for triple in triples]
            if any(one != two for one, two, _ in values):
                continue
            for (one, _, three), (line, _, changed) in zip(values, triples, strict=True):
                if one != three and (one, three) != (str(seed), str(another)):
                    return line.text, changed.text
    return None


def _by_form(lines: Sequence[_Line]) -> dict[str, list[_Line]]:
    found: dict[str, list[_Line]] = {}
    for line in lines:
        found.setdefault(line.form, []).append(line)
    return found


def _text_apart(first: list[_Line], again: list[_Line], other: list[_Line], whole: bool) -> tuple[str, str] | None:
    """Compare the words, such as a sampled text; runs that do not repeat them say nothing."""
    none = [_Line("nothing", "", ())]
    most = max(map(len, (first, again, other))) if whole else min(map(len, (first, again, other)))
    one, two, three = ((lines + none * (most - len(lines)))[:most] for lines in (first, again, other))
    if [line.form for line in one] != [line.form for line in two]:
        return None
    pairs = zip(one, three, strict=True)
    return next(((line.text, changed.text) for line, changed in pairs if line.form != changed.form), None)


def _files_apart(runs: Sequence[Left], paths: Sequence[Path], whole: bool) -> bool:
    contents = [_read(path) for path in paths]
    if contents[0] == contents[2]:
        return False
    try:
        texts = [content.decode().splitlines() for content in contents]
    except UnicodeDecodeError:
        return contents[0] == contents[1] and _mostly_apart(contents[0], contents[2])
    lines = [_lines(filter(None, text), run) for text, run in zip(texts, runs, strict=True)]
    one, two, three = lines
    return bool(_numbers_apart(runs[0].seed, runs[2].seed, one, two, three) or _text_apart(one, two, three, whole))


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_BIGGEST)


def _mostly_apart(one: bytes, two: bytes) -> bool:
    """Whether two files differ in more than the seed that a program may save in them."""
    apart = sum(byte != changed for byte, changed in zip(one, two, strict=False))
    return apart > max(_FEW_BYTES, _OTHER_BYTES * min(len(one), len(two)))


def _quoted(text: str) -> str:
    return f'"{text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"}"'


def files_of(folder: Path, out: Path, reports: Iterable[Path]) -> dict[str, Path]:
    """Return the files that a run left below `out`, and those in which it reported numbers, by name."""
    return {str(path.relative_to(folder)): path for path in (*_below(out), *reports) if path.is_file()}


def _below(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.rglob("*"))

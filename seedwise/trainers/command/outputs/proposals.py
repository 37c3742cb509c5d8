"""Proposals for `results`: numbers that a program left without being told to, and the YAML that reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from seedwise.trainers.command.outputs.columns import numbers_rows, step_column
from seedwise.trainers.command.outputs.csv_files import read_table
from seedwise.trainers.command.outputs.json_files import lists_in, numbers_in, read_json, read_objects, table
from seedwise.trainers.command.outputs.numbers import NotANumberError, number
from seedwise.trainers.command.outputs.place import Place, ResultsError, files_below
from seedwise.trainers.command.outputs.program_output import output_lines, read_matches
from seedwise.trainers.command.outputs.settings import ResultsSource
from seedwise.trainers.command.outputs.sources import read_readable

KNOWN = ("all_results.json", "eval_results.json", "test_results.json", "results.json", "final.json", "metrics.csv")
"""Names of files that training programs write, the likeliest first."""
_EFFORT = re.compile(
    r"(^|[/. ])(steps?|epochs?|iters?|iterations?|batch|batch_size|it|size|num|count|version|date|step_time)$|"
    r"(^|[_./ ])(seed|rank|lr|learning_rate|time|times|seconds|secs?|minutes|ms|eta|runtime|fps|sps|speed|per_second|"
    r"samples|pid|port|flos?|timestamp|timesteps|took|elapsed|duration)($|[_./ ])",
    re.IGNORECASE,
)
"""Names of numbers that count work, and are no result."""
_SETTINGS = re.compile(
    r"args|arguments|config|configuration|cfg|hparams|hyperparameters|hyper_parameters|settings", re.I
)
"""Sections of a JSON file that hold settings."""
_LIKELY = re.compile(
    r"acc|loss|f1|auc|bleu|rouge|ppl|perplexity|error|score|return|reward|bpb|mse|mae|rmse|r2|iou|map", re.I
)
_FINAL = re.compile(r"test|eval|val|valid|validation|final|best", re.I)
_NAMED = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z0-9_@/.-]*(?: [A-Za-z][A-Za-z0-9_@/-]*){0,2})(?P<between>\s*[:=]\s*|\s+)"
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?:/\d+)?|nan|inf)(?=[\s,;:|)\]%]|$)"
)
_SMALL_WORDS = frozenset(
    {
        "a",
        "about",
        "after",
        "an",
        "and",
        "are",
        "at",
        "by",
        "every",
        "for",
        "from",
        "in",
        "into",
        "is",
        "of",
        "on",
        "or",
    }
    | {"over", "per", "than", "the", "to", "under", "until", "up", "using", "was", "were", "with"}
)
"""Words before a number that are no name of it."""
_STAMP = re.compile(r"\d{4}[-_]?\d{2}[-_]?\d{2}|\d{2}-\d{2}-\d{2}|\d{9,}|__\d+$")
_BIGGEST = 50 << 20  # bytes of a file that is looked into
_MOST_NAMES = 200
_MOST_WAYS = 3  # in which one name is written


class Proposal(NamedTuple):
    """A number that was found, and how a study reads it.

    Attributes:
        yaml: the line `results: …` for the study.
        metric: name of the metric.
        value: what the run's result would be.
        where: file that it comes from, or "the output".
        line: of the output that the value was read from; empty for a file.
    """

    yaml: str
    metric: str
    value: float
    where: str
    line: str = ""


def propose(place: Place, settings: Collection[str] = (), beside: Sequence[str] = ()) -> list[Proposal]:
    """Look for numbers that a run left, and say how a study reads them: the likeliest first.

    They are looked for below {out}, in the program's output, and in files beside the program. The values are read as
    the proposed YAML reads them. Of one number in several places, that with more digits comes first.

    Args:
        place: the run.
        settings: names that are no results: programs store their settings beside their numbers.
        beside: files in the program's folder that the run wrote.
    """
    found = []
    for source, where, rank in _sources(place, beside):
        names = list(source.get("stdout") or source["keys"])
        wanted = _named_as_wanted(names, place.metric)
        for name, value in _readable(source, place).items():
            metric = wanted.get(name, name)
            if _is_setting(name, settings) and metric != place.metric:
                continue
            line = _line(source["stdout"][name], place) if "stdout" in source else ""
            proposal = Proposal(_yaml(_only(source, name, metric)), metric, value, where, line)
            found.append((_likelihood(name, metric, place.metric), rank, proposal))
    return _finest_first([proposal for *_, proposal in sorted(found, key=lambda item: item[:2])])


def significant_digits(value: float) -> int:
    """Return how many digits a finite number has, without zeros before it: 0.99 has two, 1.4731 has five."""
    mantissa = repr(float(value)).lower().partition("e")[0].removesuffix(".0").replace("-", "").replace(".", "")
    return len(mantissa.lstrip("0")) or 1


def is_finer(one: Proposal, value: float) -> bool:
    """Whether a proposal is a number with more digits that rounds to `value`."""
    if not math.isfinite(value) or not math.isfinite(one.value):
        return False
    decimals = -int(Decimal(repr(value)).as_tuple().exponent)
    rounds = abs(one.value - value) <= 0.5001 * 10.0**-decimals
    return rounds and significant_digits(one.value) > significant_digits(value)


def _finest_first(proposals: list[Proposal]) -> list[Proposal]:
    """Let the number with the most digits that rounds to the first of its metric take its place; of equals, a file."""
    ordered = list(proposals)
    for metric in dict.fromkeys(proposal.metric for proposal in proposals):
        places = [place for place, proposal in enumerate(ordered) if proposal.metric == metric]
        first = ordered[places[0]]
        better = [place for place in places if is_finer(ordered[place], first.value)]
        same = [place for place in places if ordered[place].value == first.value and not ordered[place].line]
        best = max(better, key=lambda place: significant_digits(ordered[place].value), default=None)
        if best is None and first.line and same:
            best = same[0]
        if best is not None:
            ordered.insert(places[0], ordered.pop(best))
    return ordered


def _is_setting(name: str, settings: Collection[str]) -> bool:
    """Whether a number is a setting that the program stores beside its results: `args.dropout`."""
    *sections, last = re.split(r"[./]", name)
    return last in settings or any(_SETTINGS.fullmatch(section) for section in sections)


def _sources(place: Place, beside: Sequence[str]) -> Iterator[tuple[dict[str, Any], str, int]]:
    """Yield sources with the keys of all their numbers, what they are called, and their rank."""
    files = sorted(files_below(place.out), key=lambda path: (_rank(path), path))
    events = False
    for path in files:
        if "tfevents" in path.name:
            if not events:
                yield from _events(place, len(files))
            events = True
        elif source := _of_path(path, _template(path, place.out)):
            yield source, str(path), _rank(path)
    for name in beside:
        if not re.search(r"[{}*?\[]", name) and (source := _of_path(place.folder / name, name)):
            yield source, str(place.folder / name), len(KNOWN) + 1
    for way, patterns in enumerate(_patterns(place)):
        yield {"stdout": patterns}, "the output", len(KNOWN) + (2 if way else 0)


def _rank(path: Path) -> int:
    return KNOWN.index(path.name) if path.name in KNOWN else len(KNOWN) + 1


def _of_path(path: Path, template: str) -> dict[str, Any] | None:
    """Return the source that reads all numbers of a file; None if it has none, or is of another kind or too big."""
    try:
        if path.suffix not in (".json", ".jsonl", ".csv", ".tsv") or path.stat().st_size > _BIGGEST:
            return None
        source = _of_file(path, template)
    except (ResultsError, OSError):
        return None
    return source if source and source["keys"] else None


def _of_file(path: Path, template: str) -> dict[str, Any] | None:
    """Return the source that reads all numbers of a file, under their own names; None if there is none."""
    if path.suffix in (".csv", ".tsv"):
        columns = read_table(path, "")
        return {"csv": template, "keys": _of_columns(columns.cells)}
    if path.suffix == ".jsonl":
        return {"jsonl": template, "keys": _of_columns(table(read_objects(path, ""), path).cells)}
    content = read_json(path, "")
    if isinstance(content, list) and all(isinstance(item, dict) for item in content):
        return {"json": template, "keys": _of_columns(table(((item, "") for item in content), path).cells)}
    if not isinstance(content, dict):
        return None
    lists = lists_in(content)
    if lists and "log_history" in lists:
        items = ((item, "") for item in content["log_history"])
        return {"json": template, "rows": "log_history", "keys": _of_columns(table(items, path).cells)}
    return {"json": template, "keys": _results_only(numbers_in(content))}


def _of_columns(cells: Mapping[str, Any]) -> list[str]:
    step = step_column(cells)
    return _results_only(
        [name for name, column in cells.items() if name != step and column and _is_number(column[-1].value)]
    )


def _results_only(names: list[str]) -> list[str]:
    return [name for name in names if not _EFFORT.search(name) and not numbers_rows(name)]


def _events(place: Place, rank: int) -> Iterator[tuple[dict[str, Any], str, int]]:
    from seedwise.trainers.command.outputs.tensorboard import read_events

    try:
        columns, _ = read_events("{out}", place, "")
    except ResultsError:
        return
    template = _template(Path(columns.where, "events"), place.out).removesuffix("/events")
    if names := _results_only(list(columns.cells)):
        yield {"tensorboard": template, "keys": names}, columns.where, rank


def _template(path: Path, out: Path) -> str:
    """Write a path below {out}, with `*` for folders that are named after the time."""
    parts = path.relative_to(out).parts
    folders = ["*" if _STAMP.search(part) else part for part in parts[:-1]]
    return "/".join(["{out}", *folders, *parts[-1:]])


def _patterns(place: Place) -> list[dict[str, str]]:
    """Return patterns for the numbers that lines of the output give with a name, by metric.

    A name that is written in two ways, as in `epoch 5 accuracy 0.91` and `accuracy: 0.92`, has two patterns: the one
    of the later line comes first, and the others are in the dictionaries after it.
    """
    found: dict[str, dict[str, None]] = {}  # the patterns of each name; that of the latest line is the last
    try:
        for line in output_lines(place.log, place.log_start):
            for match in _NAMED.finditer(line):
                label = _label(match, line)
                name = re.sub(r"\W+", "_", label.lower()).strip("_")
                if not name or _EFFORT.search(match["name"]) or (name not in found and len(found) >= _MOST_NAMES):
                    continue
                patterns = found.setdefault(name, {})
                pattern = rf"{_literal(match['name'])}{_between(match['between'])}(\S+)"
                patterns.pop(pattern, None)
                patterns[pattern] = None
    except ResultsError:
        return []
    # The pattern of "loss" would also match "val loss".
    own = {name: [*reversed(texts)] for name, texts in found.items() if not _ends_another(name, found)}
    most = min(_MOST_WAYS, max(map(len, own.values()), default=0))
    return [{name: texts[place] for name, texts in own.items() if place < len(texts)} for place in range(most)]


def _ends_another(name: str, names: Iterable[str]) -> bool:
    return any(other.endswith(f"_{name}") for other in names)


def _line(pattern: str, place: Place) -> str:
    """Return the line of the output that the last match of a pattern is in."""
    cells = read_matches({"": pattern}, place, "", "last").cells[""]
    return cells[-1].where


def _label(match: re.Match[str], line: str) -> str:
    """Return what a number of the output is called; nothing where it belongs to a sentence: "on 3173 examples"."""
    words = match["name"].split()
    spoken = len(words)
    while words and words[-1].lower() in _SMALL_WORDS:
        words.pop()
    label = " ".join(words)
    if _LIKELY.search(label):
        return label
    counted = match["between"].isspace() and match["number"].isdecimal() and match[0] != line.strip()
    return "" if counted or len(words) < spoken else label


def _literal(text: str) -> str:
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)


def _between(text: str) -> str:
    return re.sub(r"\s+", lambda space: r"\s+" if "\t" in space[0] else " +", text)


def _named_as_wanted(names: list[str], metric: str) -> dict[str, str]:
    """Call the name that says the same as the metric that the study wants by the metric's name."""
    if not metric or metric in names:
        return {}
    wanted = _form(metric)
    alike = [name for name in names if f"_{wanted}_" in f"_{_form(name)}_" or wanted.endswith(f"_{_form(name)}")]
    alike.sort(key=lambda name: (_form(name) != wanted, *_likelihood(name, "", "")))
    return {alike[0]: metric} if alike else {}


def _form(name: str) -> str:
    """Write a name as others may write it too: `eval/accuracy` and `val_acc` are the same."""
    form = re.sub(r"[\W_]+", "_", name.lower()).replace("accuracy", "acc").replace("perplexity", "ppl")
    return re.sub(r"(^|_)(valid|validation|eval)(?=_)", r"\1val", form)


def _only(source: Mapping[str, Any], name: str, metric: str) -> dict[str, Any]:
    """Return a source of one number, under the name of a metric."""
    if "stdout" in source:
        return {"stdout": {metric: source["stdout"][name]}}
    return {**source, "keys": [name] if name == metric else {metric: name}}


def _yaml(source: Mapping[str, Any]) -> str:
    return "results: " + yaml.safe_dump(dict(source), default_flow_style=True, sort_keys=False, width=10**6).strip()


def _readable(source: Mapping[str, Any], place: Place) -> dict[str, float]:
    """Read a source as a study would; nothing if it cannot be."""
    try:
        return read_readable(ResultsSource.model_validate(source), place)
    except (ResultsError, ValidationError):
        return {}


def _likelihood(name: str, metric: str, wanted: str) -> tuple[int, ...]:
    """Rank a number: the wanted metric first, then what sounds like a result, then like one of a test set."""
    return (metric != wanted, not _LIKELY.search(name), not _FINAL.search(name), bool(re.search("train", name, re.I)))


def _is_number(value: object) -> bool:
    try:
        number(value)
    except NotANumberError:
        return False
    return True

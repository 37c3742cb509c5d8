"""Results that promptfoo writes as JSON, or as JSON lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.words import quantity
from seedwise.sources.columns import shortened_name
from seedwise.sources.evaluations.log import (
    Inner,
    Log,
    LogFile,
    digest,
    first_line,
    first_object,
    scores,
    table_of,
    texts,
)
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Evaluation, Table

_ROW = {"success", "vars", "provider"}
_SIGNS = (b'"latencyMs"', b'"testIdx"', b'"namedScores"')
_OWN = ("provider", "prompt", "example", "repeat", "created", "error")
_SCORES = ("success", "score", "latencyMs", "cost")
_ERROR = 2
"""`failureReason` of a row whose provider failed, so that nothing was scored."""
_LONGEST = 80  # characters of an example's name


def _recognise(file: LogFile) -> bool:
    head = file.head().lstrip()
    if not head.startswith(b"{"):
        return False
    if file.path.suffix in (".jsonl", ".ndjson"):
        row = first_object(file)
        return row.keys() >= _ROW and bool({"latencyMs", "promptIdx", "namedScores"} & row.keys())
    if b'"results"' not in head or not (b'"evalId"' in head or any(sign in head for sign in _SIGNS)):
        return False
    try:
        return bool(_rows(file.json()))
    except UserError:
        return b'"evalId"' in head  # cut off: say so as what it is


def _rows(read: Any) -> list[dict[str, Any]]:
    """Return the rows of a file; none if it is of another kind."""
    results = read.get("results") if isinstance(read, Mapping) else None
    rows = results.get("results") if isinstance(results, Mapping) else results
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return []
    return rows if all("success" in row and ("vars" in row or "testCase" in row) for row in rows) else []


def _read(file: LogFile, options: Options) -> Table:
    created = ""
    if file.path.suffix in (".jsonl", ".ndjson"):
        rows = [row for _, row in file.objects()]
    else:
        read = file.json()
        rows = _rows(read)
        results = read.get("results")
        created = str(results.get("timestamp") or "") if isinstance(results, Mapping) else ""
    providers, prompts = _providers(rows), _prompts(rows)
    examples, repeats = _examples(rows, list(zip(providers, prompts, strict=True)))
    inner = Inner(options, ("vars", "metadata"), (*_OWN, *_SCORES))
    found: dict[str, list[Any]] = {name: [] for name in _SCORES}
    named = dict.fromkeys(name for row in rows for name in row.get("namedScores") or {})
    found |= {name: [] for name in named if name not in found}
    failed = [_failed(row) for row in rows]
    for row, lost in zip(rows, failed, strict=True):
        given = {**(row.get("namedScores") or {}), **{name: row.get(name) for name in _SCORES}}
        for name, cells in found.items():
            value = given.get(name)
            cells.append(None if lost or value is None else value)
        metadata = {**(_test(row).get("metadata") or {}), **(row.get("metadata") or {})}
        inner.add({"vars": _vars(row), "metadata": metadata})
    given = {name: cells for name, cells in found.items() if any(cell is not None for cell in cells)}
    columns = {
        "provider": texts(providers),
        "prompt": texts(prompts),
        "example": texts(examples),
        "repeat": texts(repeats),
        **({"created": pd.Series([created] * len(rows), dtype="str")} if created else {}),
        **(
            {"error": texts([first_line(r.get("error")) * f for r, f in zip(rows, failed, strict=True)])}
            if any(failed)
            else {}
        ),
        **{name: scores([float(cell) if isinstance(cell, bool) else cell for cell in c]) for name, c in given.items()},
    }
    columns |= inner.frame(file.name, [*_OWN, *given])
    evaluation = Evaluation(
        variant=("provider", "prompt"),
        example="example",
        scores=tuple(given),
        repeat="repeat",
        higher_is_better={"success": True, "score": True, "latencyMs": False, "cost": False},
    )
    notes = []
    if any(failed):
        count = sum(failed)
        notes.append(
            f"{file.name}: {quantity(count, 'answer')} of {len(rows)} ended with an error; counted as missing."
        )
    return table_of(file, columns, evaluation, places=range(1, len(rows) + 1), unit="result", notes=notes)


def _test(row: Mapping[str, Any]) -> Mapping[str, Any]:
    test = row.get("testCase")
    return test if isinstance(test, Mapping) else {}


def _vars(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was asked, without what promptfoo adds for itself."""
    found = row.get("vars")
    found = found if isinstance(found, Mapping) else _test(row).get("vars") or {}
    return {key: value for key, value in found.items() if not key.startswith("_") and key != "sessionId"}


def _failed(row: Mapping[str, Any]) -> bool:
    """Whether no answer was scored, other than an answer that failed an assertion."""
    if "failureReason" in row:
        return bool(row["failureReason"] == _ERROR)
    return bool(row.get("error")) and not row.get("gradingResult")


def _providers(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    names = []
    for row in rows:
        provider = row.get("provider")
        if isinstance(provider, Mapping):
            provider = provider.get("label") or provider.get("id")
        names.append(str(provider or ""))
    return names


def _prompts(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the name of each row's prompt; of two that begin alike, the second gets a number."""
    labels = []
    for row in rows:
        prompt = row.get("prompt")
        label = (
            prompt.get("label") or prompt.get("display") or prompt.get("raw") if isinstance(prompt, Mapping) else prompt
        )
        labels.append((str(label or ""), row.get("promptId") or ""))
    named: dict[tuple[str, str], str] = {}
    taken: Counter[str] = Counter()
    for key in labels:
        if key not in named:
            short = shortened_name(key[0])
            taken[short] += 1
            named[key] = short if taken[short] == 1 else f"{short} #{taken[short]}"
    return [named[key] for key in labels]


def _examples(rows: Sequence[Mapping[str, Any]], variants: Sequence[tuple[str, str]]) -> tuple[list[str], list[int]]:
    """Return the name of each row's example and the number of the answer to it.

    An example is its variables and its assertions. If one variant has it several times, it was repeated.
    """
    known: dict[str, dict[str, str]] = {}
    examples, repeats = [], []
    answers: Counter[tuple[str, tuple[str, str]]] = Counter()
    for row, variant in zip(rows, variants, strict=True):
        asked = json.dumps(_vars(row), sort_keys=True, ensure_ascii=False, default=str)
        name = asked if len(asked) <= _LONGEST else f"{asked[: _LONGEST - 10]}… {digest(asked)[:8]}"
        checks = known.setdefault(name, {})
        checked = digest(_test(row).get("assert"), _test(row).get("description"))
        full = checks.setdefault(checked, name if not checks else f"{name} ({_told(row, checks)})")
        answers[full, variant] += 1
        examples.append(full)
        repeats.append(answers[full, variant])
    return examples, repeats


def _told(row: Mapping[str, Any], others: Iterable[str]) -> str:
    """Say what tells a test from others with the same variables."""
    return str(_test(row).get("description") or f"test {len(list(others)) + 1}")


PROMPTFOO = Log(
    "promptfoo",
    "results of promptfoo",
    "JSON with results.results, as promptfoo eval --output writes it",
    _recognise,
    _read,
)

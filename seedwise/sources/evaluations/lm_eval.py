"""Samples that lm-evaluation-harness logs: a line for each document and filter, a file for each model and task."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.names import quote
from seedwise.sources.evaluations.log import Inner, Log, LogFile, first_object, scores, table_of, texts
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Evaluation, Table

_NAME = re.compile(r"samples_(?P<task>.+)_(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}[-:][0-9]{2}[-:][0-9.]+)")
_SIGNS = frozenset({"doc", "filter", "resps", "filtered_resps", "arguments", "doc_hash"})
_OTHERS = _SIGNS | {"doc_id", "target", "metrics", "prompt_hash", "target_hash", "task_name", "schema_version"}
"""Keys of a sample that are no scores."""
_OWN = ("model", "task", "date", "doc_id", "filter", "doc_hash", "prompt_hash", "digest")
_HIGHER = ("acc", "acc_norm", "acc_mutual_info", "exact_match", "f1", "bleu", "chrf", "pass@1")
_DIGITS = 12  # of a hash


def _recognise(file: LogFile) -> bool:
    if b'"doc_id"' not in file.head():
        return False
    row = first_object(file)
    if not row and file.head().lstrip().startswith(b"["):
        rows = file.json()  # as versions before 0.4.3 wrote it
        row = rows[0] if rows and isinstance(rows[0], dict) else {}
    return "doc_id" in row and len(_SIGNS & row.keys()) > 1


def _read(file: LogFile, options: Options) -> Table:
    rows = enumerate(file.json(), start=1) if file.head().lstrip().startswith(b"[") else file.objects()
    places: list[int] = []
    ids: list[Any] = []
    filters: list[str] = []
    doc_hashes: list[str] = []
    prompt_hashes: list[str] = []
    digests: list[str] = []
    own = {
        "doc_id": ids,
        "filter": filters,
        "doc_hash": doc_hashes,
        "prompt_hash": prompt_hashes,
        "digest": digests,
    }
    inner = Inner(options, ("doc",), _OWN)
    found: dict[str, list[Any]] = {}
    known = _OTHERS
    for number, row in rows:
        if "doc_id" not in row:
            raise UserError(f"{file.name}, line {number}: no doc_id, which the other lines have; was the file edited?")
        if not row.keys() <= known:
            found |= {key: [None] * len(places) for key in row.keys() - known}
            known = known | row.keys()
        get = row.get
        for key, cells in found.items():
            cells.append(get(key))
        ids.append(row["doc_id"])
        filters.append(get("filter", "none"))
        doc_hash = (get("doc_hash") or "")[:_DIGITS]
        doc_hashes.append(doc_hash)
        prompt_hashes.append((get("prompt_hash") or "")[:_DIGITS])
        digests.append(doc_hash + (get("target_hash") or "")[:_DIGITS])
        inner.add({"doc": get("doc")})
        places.append(number)
    metrics = {key: cells for key, cells in found.items() if not _is_pooled(cells)}
    for metric in options.metrics:
        if metric in found and metric not in metrics:
            raise UserError(
                f"{file.name}: {metric} has no value for a single document, only {quote(_example(found[metric]))}, "
                f"which the harness sums up; compare another score: {', '.join(metrics) or 'there is none'}"
            )
    task, date, model, beside = _origin(file.path)
    named = {"model": model, "task": task, "date": date, **beside.settings}
    constant = {key: pd.Series([text] * len(places), dtype="str") for key, text in named.items() if text}
    columns = {
        **constant,
        **{key: texts(cells) for key, cells in own.items() if any(cells) or key == "doc_id"},
        **{key: scores(cells) for key, cells in metrics.items()},
        **inner.frame(file.name, [*_OWN, *metrics]),
    }
    evaluation = Evaluation(
        variant=("model",),
        example="doc_id",
        scores=tuple(metrics),
        dataset="task" if task else None,
        digest="digest" if "digest" in columns else None,
        prompt="prompt_hash" if "prompt_hash" in columns else None,
        one_of="filter",
        settings=tuple(beside.settings),
        higher_is_better={name: True for name in metrics if name in _HIGHER} | beside.directions,
    )
    return table_of(file, columns, evaluation, places=places, unit="line")


def _is_pooled(cells: list[Any]) -> bool:
    """Whether a metric has parts that only count when summed up, such as a perplexity's log-likelihoods and lengths."""
    return any(isinstance(cell, (list, dict)) for cell in cells)


def _example(cells: list[Any]) -> str:
    return json.dumps(next(cell for cell in cells if isinstance(cell, (list, dict))))[:40]


class _Beside:
    """What the file of results that was written with some samples says."""

    def __init__(self, read: Mapping[str, Any], task: str) -> None:
        self.model = str(read.get("model_name") or "")
        config = read.get("config")
        config = config if isinstance(config, dict) else {}
        of_task = read.get("n-shot")
        shots = of_task.get(task) if isinstance(of_task, dict) else None
        named = {"model_args": config.get("model_args"), "gen_kwargs": config.get("gen_kwargs"), "num_fewshot": shots}
        self.settings = {
            key: value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
            for key, value in named.items()
            if value not in (None, "", {})
        }
        directions = read.get("higher_is_better")
        of_task = directions.get(task) if isinstance(directions, dict) else None
        self.directions = {
            str(name): way
            for name, way in (of_task.items() if isinstance(of_task, dict) else ())
            if isinstance(way, bool)
        }


def _origin(path: Path) -> tuple[str, str, str, _Beside]:
    """Return the task, the date and the model of a file, and what the file of results beside it says."""
    stem = re.sub(r"\.jsonl?(\.\w+)?$", "", path.name)
    matched = _NAME.fullmatch(stem)
    if matched is None:
        # A file that somebody renamed: its name is all there is.
        model = re.sub(r"^samples[-_ ]*", "", stem) or (path.absolute().parent.name if path.name else "")
        return "", "", model, _Beside({}, "")
    folder = path.absolute().parent
    beside = _Beside(_results(folder / f"results_{matched['date']}.json"), matched["task"])
    return matched["task"], matched["date"], beside.model or folder.name, beside


def _results(path: Path) -> Mapping[str, Any]:
    try:
        read = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


LM_EVAL = Log(
    "lm-eval",
    "samples logged by lm-evaluation-harness",
    "a line for each document with doc_id, filter and doc",
    _recognise,
    _read,
)

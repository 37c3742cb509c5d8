"""Logs of inspect_ai: JSON is read as it stands, .eval by inspect_ai's own reader."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.words import quantity
from seedwise.sources.evaluations.log import Inner, Log, LogFile, digest, first_line, scores, table_of, texts
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Evaluation, Table

_START = re.compile(rb'\s*\{\s*(?:"version"\s*:\s*[0-9]+\s*,\s*)?"status"\s*:\s*"')
_VALUES = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
"""What inspect_ai's grades count, as its own metrics do."""
_OWN = ("model", "task", "created", "status", "id", "epoch", "error", "digest", "prompt_hash")
_SCORER = "scorer"
"""The column of judges where each scorer is one."""
_KEPT = ("id", "epoch", "input", "choices", "target", "metadata", "scores", "error", "invalidation")
_LARGE = ("messages", "events", "attachments", "store")
"""What makes most of a log and no number depends on."""
_SECTIONS = ("task_args", "model_args", "solver_args", "model_generate_config")


def is_archive(head: bytes) -> bool:
    """Whether a file is a log in the format .eval, which is a zip file."""
    return head.startswith(b"PK\x03\x04") and (b"_journal/" in head or b"header.json" in head or b"samples/" in head)


def _recognise(file: LogFile) -> bool:
    head = file.head()
    if file.path.suffix == ".eval" or is_archive(head):
        return head.startswith(b"PK")
    return bool(_START.match(head.removeprefix(b"\xef\xbb\xbf"))) and b'"eval"' in head


def _read(file: LogFile, options: Options) -> Table:
    if file.head().startswith(b"PK"):
        header, samples = _from_archive(file)
    else:
        header = file.json()
        samples = header.get("samples") or []
    spec = header.get("eval") or {}
    as_judges = options.judge == _SCORER
    rows = [(number, sample) for number, sample in enumerate(samples, start=1)]
    if not rows:
        raise UserError(
            f"{file.name}: the log has no samples (its status is {header.get('status', 'unknown')}), like that of an "
            "evaluation that ended early or was run with --no-log-samples; leave it out"
        )
    cells: dict[str, list[Any]] = {key: [] for key in ("id", "epoch", "error", "digest", "prompt_hash")}
    inner = Inner(options, ("metadata",), (*_OWN, _SCORER))
    by_row: list[dict[str, Any]] = []
    places: list[int] = []
    graded: set[str] = set()
    failed = invalid = 0
    for number, sample in rows:
        values = _values(sample, graded)
        failed += sample.get("error") is not None and not values
        if sample.get("invalidation"):
            values, invalid = {}, invalid + 1
        for answer in _by_judge(values) if as_judges else [values]:
            cells["id"].append(sample.get("id"))
            cells["epoch"].append(sample.get("epoch", 1))
            cells["error"].append(first_line(sample.get("error")))
            cells["digest"].append(digest(sample.get("target"), sample.get("choices")))
            cells["prompt_hash"].append(digest(_without_ids(sample.get("input"))))
            inner.add({"metadata": sample.get("metadata")})
            by_row.append(answer)
            places.append(number)
    names = [_SCORER, "score"] if as_judges else list(dict.fromkeys(name for row in by_row for name in row))
    named = {
        "model": str(spec.get("model", "")),
        "task": str(spec.get("task", "")),
        "status": str(header.get("status", "")),
        "created": str(spec.get("created", "")),
    }
    settings = _settings(spec)
    columns = {
        **{key: pd.Series([text] * len(places), dtype="str") for key, text in (named | settings).items()},
        **{key: texts(found) for key, found in cells.items() if key != "error" or any(found)},
        **{name: (texts if name == _SCORER else scores)([row.get(name) for row in by_row]) for name in names},
    }
    columns |= inner.frame(file.name, [*_OWN, *names])
    scored = [name for name in names if name != _SCORER]
    higher = {name: True for name in scored if name in graded or (as_judges and graded)}
    evaluation = Evaluation(
        variant=("model",),
        example="id",
        scores=tuple(scored),
        dataset="task",
        repeat="epoch",
        digest="digest",
        prompt="prompt_hash",
        settings=tuple(settings),
        higher_is_better=higher,
    )
    notes = _notes(file, header, len(rows), failed, invalid)
    return table_of(file, columns, evaluation, places=places, unit="sample", notes=notes)


def _notes(file: LogFile, header: Mapping[str, Any], count: int, failed: int, invalid: int) -> list[str]:
    notes = []
    if header.get("status") != "success":
        results = header.get("results") or {}
        whole = results.get("total_samples")
        of = f" of {whole}" if isinstance(whole, int) and whole > count else ""
        notes.append(f"{file.name}: its status is {header.get('status')}; it has {count}{of} samples.")
    if failed:
        notes.append(f"{file.name}: {quantity(failed, 'sample')} ended with an error; counted as missing.")
    if invalid:
        notes.append(f"{file.name}: {quantity(invalid, 'sample')} marked as invalid; counted as missing.")
    return notes


def _values(sample: Mapping[str, Any], graded: set[str]) -> dict[str, Any]:
    """Return a sample's scores as numbers where they can be, by scorer; add to `graded` those that gave a grade."""
    found: dict[str, Any] = {}
    for scorer, score in (sample.get("scores") or {}).items():
        value = score.get("value") if isinstance(score, Mapping) else score
        parts = value.items() if isinstance(value, Mapping) else [("", value)]
        for part, single in parts:
            name = f"{scorer}.{part}" if part else scorer
            if isinstance(single, str) and single in _VALUES:
                graded.add(name)
                single = _VALUES[single]
            if single is None or (isinstance(single, float) and single != single):
                continue  # inspect_ai's mark of a sample that could not be scored
            found[name] = single
    return found


def _by_judge(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each scorer."""
    return [{_SCORER: name, "score": value} for name, value in values.items()]


def _settings(spec: Mapping[str, Any]) -> dict[str, str]:
    """Return what else than the model and the task made the answers, by dotted key."""
    found = {"solver": spec["solver"]} if spec.get("solver") else {}
    for section in _SECTIONS:
        for key, value in (spec.get(section) or {}).items():
            if value is not None:
                found[f"{section}.{key}"] = value
    return {key: value if isinstance(value, str) else json.dumps(value, sort_keys=True) for key, value in found.items()}


def _without_ids(messages: Any) -> Any:
    """Leave out what is new in every log of one question."""
    if not isinstance(messages, list):
        return messages
    return [{key: part for key, part in message.items() if key != "id"} for message in messages]


def _from_archive(file: LogFile) -> tuple[dict[str, Any], Iterable[dict[str, Any]]]:
    """Read a log in the format .eval.

    Raises:
        UserError: inspect_ai is not installed, or cannot read it.
    """
    try:
        from inspect_ai.log import read_eval_log, read_eval_log_samples
    except ImportError:
        raise UserError(
            f"{file.name}: a log of inspect_ai in its own format, which only inspect_ai reads: pip install "
            "'seedwise[inspect]', or write it as JSON where it is installed: inspect log convert --to json"
        ) from None
    with tempfile.TemporaryDirectory() as folder:
        path = file.path
        if not path.is_file():
            path = Path(folder) / "log.eval"
            path.write_bytes(file.content())
        try:
            header = read_eval_log(str(path), header_only=True).model_dump(mode="json")
            samples = [
                sample.model_dump(mode="json", include=set(_KEPT))
                for sample in read_eval_log_samples(str(path), all_samples_required=False, exclude_fields=set(_LARGE))
            ]
        except Exception as error:  # it raises errors of many kinds
            said = " ".join(str(error).split())[:200]
            raise UserError(f"{file.name}: inspect_ai cannot read this log ({said})") from None
    return header, samples


INSPECT = Log(
    "inspect",
    "a log of inspect_ai",
    "JSON with version, status and eval, or the ending .eval",
    _recognise,
    _read,
)

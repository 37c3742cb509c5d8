"""What a training program says to the study that runs it: `seedwise.result`, `seedwise.log` and `seedwise.scores`.

Outside a study these functions check their arguments and do nothing else. They need only the standard library, and
Python 3.8 or later, because the program may run in any environment. docs/results.md describes the files for programs in
other languages.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # importing typing would cost more than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, SupportsFloat

RESULTS = "SEEDWISE_RESULTS"
HISTORY = "SEEDWISE_HISTORY"
SCORES = "SEEDWISE_SCORES"
"""Environment variables with the paths of the files."""

# Each launcher of distributed training counts its processes in variables of its own.
RANK = "RANK"
RANKS = ("LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")


def result(metrics: Mapping[str, SupportsFloat] | None = None, /, **named: SupportsFloat) -> None:
    """Report metrics of this run, such as `seedwise.result(val_bpb=1.47)`.

    A later call adds metrics, or replaces those of the same name.

    Args:
        metrics: values by name, for names that Python does not take as keywords, such as "val/loss".
        named: values by name.

    Raises:
        TypeError: a value is not a number.
    """
    values = _numbers(metrics, named)
    path = _file(RESULTS)
    if path is None:
        return
    import json

    found = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as stream:
            found = json.load(stream)
    found.update({name: _as_json(value) for name, value in values.items()})
    _write(path, json.dumps(found, indent=2) + "\n")


def log(step: SupportsFloat, metrics: Mapping[str, SupportsFloat] | None = None, /, **named: SupportsFloat) -> None:
    """Report metrics at one step for the learning curves, such as `seedwise.log(100, train_loss=2.1)`.

    Args:
        step: number of the step, epoch or whatever the horizontal axis counts.
        metrics: values by name, for names that Python does not take as keywords.
        named: values by name.

    Raises:
        TypeError: a value is not a number.
    """
    values = _numbers(metrics, named)
    if "step" in values:
        raise TypeError("seedwise.log: step is the first argument, not a metric")
    row = {"step": _as_json(_number("step", step))}
    row.update({name: _as_json(value) for name, value in values.items()})
    path = _file(HISTORY)
    if path is None:
        return
    import json

    # One write of one line at the end of the file: a run that is killed keeps all its whole lines.
    with open(path, "a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")


def scores(ids: Iterable[Any], values: Iterable[SupportsFloat], clusters: Iterable[Any] | None = None) -> None:
    """Report one score per test example, for comparisons that pair runs example by example.

    Args:
        ids: name or number of each example; the same in all runs, each only once.
        values: its score, in the order of `ids`; True and False are 1 and 0.
        clusters: the group that each example belongs to, such as a document or a speaker.

    Raises:
        TypeError: a score is not a number.
        ValueError: there are not as many scores or clusters as ids, or an id is there twice.
    """
    names = [_plain(name) for name in ids]
    numbers = [_number("values", value, truth=True) for value in values]
    groups = None if clusters is None else [_plain(cluster) for cluster in clusters]
    for what, found in (("values", numbers), ("clusters", groups)):
        if found is not None and len(found) != len(names):
            raise ValueError(f"seedwise.scores: {len(names)} ids, but {len(found)} {what}")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"seedwise.scores: the id {twice!r} is there twice")
    path = _file(SCORES)
    if path is None:
        return
    import json

    lines = []
    for position, (name, value) in enumerate(zip(names, numbers)):  # noqa: B905 - Python 3.8 has no strict
        row = {"id": name, "value": _as_json(value)}
        if groups is not None:
            row["cluster"] = groups[position]
        lines.append(json.dumps(row) + "\n")
    _write(path, "".join(lines))


def _file(variable: str) -> str | None:
    """Return the file to write; None outside a study, and in all but the first process of a distributed run."""
    path = os.environ.get(variable)
    return path if path and _is_first() else None


def _is_first() -> bool:
    """Whether this is the first process of a distributed run, or the only one."""
    if os.environ.get(RANK):  # torchrun: counts over all nodes
        return os.environ[RANK] == "0"
    return all(os.environ.get(name) in (None, "", "0") for name in RANKS)


def _numbers(metrics: Mapping[str, SupportsFloat] | None, named: Mapping[str, SupportsFloat]) -> dict[str, float]:
    values = dict(metrics or {})
    values.update(named)
    for name in values:
        if not isinstance(name, str):
            raise TypeError(f"seedwise: the name of a metric is {name!r}; need text")
    return {name: _number(name, value) for name, value in values.items()}


def _number(name: str, value: SupportsFloat, truth: bool = False) -> float:
    """Return a number, also from numpy's scalars and tensors of one element; whole numbers stay whole."""
    kind = type(value).__name__
    if (isinstance(value, bool) and not truth) or isinstance(value, (str, bytes, bytearray)):
        raise TypeError(f"seedwise: {name} is {value!r} ({kind}); need a number")
    if type(value) is int:
        return value
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError):  # RuntimeError: a tensor of several elements
        raise TypeError(f"seedwise: {name} is of type {kind}; need one number") from None


def _plain(name: Any) -> str | int:
    """Return a name as text or int, also from numpy's scalars and tensors of one element."""
    item = getattr(name, "item", None)
    found = item() if callable(item) else name
    return found if type(found) is int else str(found)


def _as_json(value: float) -> float | str:
    """Return what JSON can hold: it has no word for NaN and the infinities."""
    return value if value - value == 0 else str(float(value))


def _write(path: str, text: str) -> None:
    """Write a file atomically: a crash leaves the old one or none."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)

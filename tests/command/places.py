"""A run's folder to read from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from seedwise.trainers.command.outputs.place import Place, ResultsError
from seedwise.trainers.command.outputs.reading import read_results
from seedwise.trainers.command.outputs.settings import History, Results, ScoresOf

RESULTS: TypeAdapter[Any] = TypeAdapter(Results)
HISTORY: TypeAdapter[Any] = TypeAdapter(History)
SCORES: TypeAdapter[Any] = TypeAdapter(ScoresOf)


def make_place(folder: Path, metric: str = "", *, higher_is_better: bool = True) -> Place:
    """The place of a run whose files lie in a folder; {out} is `out` in it, {seed} is 3."""
    out = folder / "out"
    out.mkdir(exist_ok=True)
    (folder / "log.txt").touch()
    return Place(
        fill=lambda text: text.replace("{out}", str(out)).replace("{seed}", "3"),
        folder=folder,
        out=out,
        log=folder / "log.txt",
        log_start=0,
        results=folder / "results.json",
        history=folder / "history.jsonl",
        scores=folder / "scores.jsonl",
        metric=metric,
        higher_is_better=higher_is_better,
    )


def read(value: object, place: Place) -> dict[str, float]:
    """Read what the YAML value of `results` says."""
    return read_results(RESULTS.validate_python(value), place)


def problems(value: object, place: Place) -> list[str]:
    """The lines of the error that reading raises."""
    with pytest.raises(ResultsError) as caught:
        read(value, place)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return list(caught.value.problems)

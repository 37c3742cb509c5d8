"""Mutated files of runs: whatever is in them, one line or a value, never a traceback, a hang or a file elsewhere."""

import json
import random
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from seedwise.analysis.collect import refuse_altered_runs
from seedwise.analysis.findings import read_findings
from seedwise.analysis.tables import read_table
from seedwise.basics.errors import UserError
from seedwise.config.study import Study
from seedwise.progress.states import read_logged_step, read_step
from seedwise.runs.attempt import read_attempt
from seedwise.runs.data_card import read_card
from seedwise.runs.fit import Wanted, judge
from seedwise.runs.history import read_history_of_runs
from seedwise.runs.metrics import Metric
from seedwise.runs.record import parse_record, read_record, write_record
from seedwise.runs.scores import contradiction, read_scores, write_scores
from tests.runs.test_record import record

MUTANTS = 100  # of each kind of file; more by hand
LIMIT = 60.0  # seconds of processor time
PIECES = (b"", b"\x00", b"\xff\xfe", b"NaN", b"1e999", b"-", b"{", b"[" * 3000, b"]", b",", b"\n", b"null", b"9" * 5000)
PIECES += ("é\u202e".encode(), b"\r", b"../../x", b"true", b'"digest": 1', b'"files": []')
STUDY = Study.model_validate(
    {
        "study": "demo",
        "title": "A study",
        "variants": [{"name": "a"}, {"name": "b", "set": {"model.dropout": 0.2}}],
        "seeds": [0],
        "analysis": {"baseline": "a"},
    }
)
RUNS = pd.DataFrame({"variant": ["a"], "seed": [0], "status": ["finished"]})


def mutated(whole: bytes, chance: random.Random) -> bytes:
    """Cut, overwrite, repeat, re-encode, or insert what is hard to read."""
    for _ in range(chance.choice((1, 1, 2, 5))):
        place, end = sorted(chance.choices(range(len(whole) + 1), k=2))
        way = chance.randrange(6)
        if way == 0:
            whole = whole[:place]
        elif way == 1:
            whole = whole[:place] + chance.choice(PIECES) + whole[end:]
        elif way == 2:
            whole = whole[:place] + chance.choice(PIECES) + whole[place:]
        elif way == 3:
            whole = whole[:end] + whole[place:end] + whole[end:]
        elif way == 4 and whole:
            flipped = bytearray(whole)
            flipped[min(place, len(whole) - 1)] ^= 1 << chance.randrange(8)
            whole = bytes(flipped)
        else:
            whole = whole.decode("latin-1").encode(chance.choice(("utf-16", "utf-8", "utf-32")))
    return whole


def read_run(path: Path) -> None:
    wanted = Wanted("demo", "a", 0, "s", "c", "d", None)
    leaves = SimpleNamespace(metrics=(Metric("test_accuracy", higher_is_better=True),), beside=())
    judged = judge(path, wanted, leaves)
    if judged and judged.record:
        parse_record(judged.record)
    refuse_altered_runs(STUDY, path.parents[3], RUNS)
    read_record(path)


def read_beside(path: Path) -> None:
    contradiction(path.parent, record("a", 0), "test_accuracy")


READERS: dict[str, Callable[[Path], object]] = {
    "metrics.json": read_run,
    "history.csv": lambda path: (read_step(path, "epoch"), read_history_of_runs(RUNS, path.parents[2])),
    "history.jsonl": read_logged_step,
    "attempt.json": lambda path: read_attempt(path.parent),
    "predictions.npz": read_beside,
    "scores.csv": lambda path: (read_beside(path), read_scores(path.parents[2], "a", [0])),
    "runs.csv": read_table,
    "findings.json": read_findings,
    "card.json": read_card,
}


@pytest.fixture
def whole(tmp_path) -> dict[str, bytes]:
    """A whole file of each kind."""
    import io

    import numpy as np

    write_record(tmp_path / "whole/metrics.json", record("a", 0))
    write_scores(tmp_path / "whole", ["x", "y"], [0.5, 1.0], ["p", "q"])
    stream = io.BytesIO()
    np.savez_compressed(stream, correct=np.array([True, False] * 50))
    return {
        "metrics.json": (tmp_path / "whole/metrics.json").read_bytes(),
        "scores.csv": (tmp_path / "whole/scores.csv").read_bytes(),
        "predictions.npz": stream.getvalue(),
        "history.csv": b"epoch,train_loss,seconds\n1,0.5,1.0\n2,0.25,1.0\n",
        "history.jsonl": b'{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.25}\n',
        "attempt.json": json.dumps({"host": "h", "pid": 1, "started": 1.0, "phase": None, "error": None}).encode(),
        "runs.csv": b"variant,seed,status,reason,loss\na,0,finished,,0.5\nb,1,finished,,0.25\n",
        "findings.json": b'{"plan_hash": "0", "exploratory": [], "warnings": [], "test_set": []}',
        "card.json": b'{"content": "0", "made_of": "1", "counts": {"test": 3}}',
    }


def peak() -> int:
    """The most memory that this process has had, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def files_below(folder: Path) -> Iterator[str]:
    return (str(path.relative_to(folder)) for path in sorted(folder.rglob("*")))


@pytest.mark.parametrize("name", READERS)
def test_a_mutated_file_of_a_run_is_read_or_refused_in_plain_words(whole, name, tmp_path):
    chance, path = random.Random(16), tmp_path / "demo/runs/a/seed0" / name
    began, memory, refused = time.process_time(), peak(), []
    for _ in range(MUTANTS):
        shutil.rmtree(tmp_path / "demo", ignore_errors=True)
        path.parent.mkdir(parents=True)
        path.write_bytes(mutated(whole[name], chance))
        before = list(files_below(tmp_path))
        try:
            READERS[name](path)
        except UserError as error:
            refused.append(str(error))
        assert list(files_below(tmp_path)) == before
    assert all(refused)
    assert len(refused) < MUTANTS
    assert time.process_time() - began < LIMIT
    assert peak() - memory < 2**19, "KiB"

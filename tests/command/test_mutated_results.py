"""Mutated files that a program leaves: numbers or one message, never a traceback, a hang, or a file elsewhere."""

from __future__ import annotations

import json
import logging
import random
import resource
import time
from pathlib import Path

import pytest

from seedwise.trainers.command.outputs.place import ResultsError
from seedwise.trainers.command.outputs.proposals import propose
from seedwise.trainers.command.outputs.reading import read_history, read_results, read_scores
from tests.command.places import HISTORY, RESULTS, SCORES, make_place
from tests.command.test_results_trackers import NEEDS_MLFLOW, NEEDS_TENSORBOARD, write_events
from tests.runs.test_mutated_files import files_below, mutated

MUTANTS = 60  # of each kind of file; more by hand
LIMIT = 60.0  # seconds of processor time
ROWS = [
    {"step": step, "loss": 1 / step, "id": f"e{step}", "value": step % 2, "val": {"acc": 0.5}} for step in (1, 2, 3)
]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
WHOLE = {
    "a.json": json.dumps(ROWS).encode(),
    "nested.json": json.dumps({"loss": 0.5, "log": ROWS, "eval": {"acc": "81.5%"}}).encode(),
    "a.jsonl": LINES,
    "a.csv": b"step,loss,id,value\n1,0.5,a,1\n2,0.25,b,0\n3,0.125,c,1\n",
    "log.txt": b"step 1 loss=0.5\n\x1b[32mstep 2 loss=2.5e-1\r\nstep 3 accuracy: 9914/10000\n",
    "results.json": b'{"loss": 0.5, "accuracy": "nan"}',
    "history.jsonl": LINES,
    "scores.jsonl": LINES,
}
SOURCES = {
    "a.json": {"json": "{out}/a.json"},
    "nested.json": {"json": "{out}/nested.json", "keys": {"loss": "loss", "acc": "eval.acc"}},
    "a.jsonl": {"jsonl": "{out}/a.jsonl", "take": "best"},
    "a.csv": {"csv": "{out}/a.csv", "take": {"at_min": "loss"}},
    "log.txt": {"stdout": {"loss": r"loss=(\S+)"}},
    "events": {"tensorboard": "{out}"},
    "mlruns": {"mlflow": "{out}/mlruns"},
}


def read_all(name: str, place) -> list[str]:
    """Read a file in each way in which a study can; return what was refused."""
    value = SOURCES.get(name)
    curves = {key: item for key, item in (value or {}).items() if key != "take"}
    plain = name in ("a.json", "a.jsonl", "a.csv")
    ways = [
        lambda: read_results(RESULTS.validate_python(value or "logged"), place),
        lambda: read_history(HISTORY.validate_python(curves or "logged") if name != "nested.json" else None, place),
        lambda: read_scores(SCORES.validate_python(curves) if plain else None, place),
        lambda: propose(place) if name in WHOLE else None,
    ]
    refused = []
    for way in ways:
        try:
            way()
        except ResultsError as error:
            refused.append(str(error))
    return refused


def peak() -> int:
    """The most memory that this process has had, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def try_mutants(name: str, file: Path, whole: bytes, place, mutants: int = MUTANTS) -> None:
    """Read so many mutants of a file."""
    chance, began, memory, outcomes = random.Random(16), time.process_time(), peak(), []
    for _ in range(mutants):
        # The deepest nesting is hit too seldom by chance.
        file.write_bytes(mutated(whole, chance) if outcomes else b'{"loss": ' + b"[" * 3000)
        before = list(files_below(place.folder))
        outcomes.append(read_all(name, place))
        assert list(files_below(place.folder)) == before
    assert all(map(all, outcomes)), "each refusal says something"
    assert any(outcomes)
    assert time.process_time() - began < LIMIT
    assert peak() - memory < 2**19, "KiB"


@pytest.mark.parametrize("name", WHOLE)
def test_a_mutated_file_of_a_program_is_read_or_refused_in_plain_words(name: str, tmp_path: Path) -> None:
    place = make_place(tmp_path, "loss", higher_is_better=False)
    file = (
        place.folder / name
        if name in ("log.txt", "results.json", "history.jsonl", "scores.jsonl")
        else place.out / name
    )
    file.write_bytes(WHOLE[name])
    (place.folder / "results.json").touch()
    try_mutants(name, file, WHOLE[name], place)


def test_mutated_events_of_tensorboard_are_read_or_refused_in_plain_words(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason=NEEDS_TENSORBOARD)
    place = make_place(tmp_path)
    write_events(place.out, count=20)
    (file,) = place.out.iterdir()
    try_mutants("events", file, file.read_bytes(), place)


def test_mutated_folders_of_mlflow_are_read_or_refused_in_plain_words(tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason=NEEDS_MLFLOW)
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    place = make_place(tmp_path)
    run = place.out / "mlruns/0/0123456789abcdef0123456789abcdef"
    for folder in ("metrics", "params", "tags", "artifacts"):
        (run / folder).mkdir(parents=True)
    (run.parent / "meta.yaml").write_text(
        "artifact_location: out\ncreation_time: 1\nexperiment_id: '0'\nlast_update_time: 1\nlifecycle_stage: active\n"
        "name: mine\n"
    )
    (run / "meta.yaml").write_text(
        f"artifact_uri: out\nend_time: 2\nentry_point_name: ''\nexperiment_id: '0'\nlifecycle_stage: active\n"
        f"run_id: {run.name}\nrun_name: mine\nrun_uuid: {run.name}\nsource_name: ''\nsource_type: 4\n"
        "source_version: ''\nstart_time: 1\nstatus: 3\ntags: []\nuser_id: me\n"
    )
    (run / "metrics/loss").write_text("1 0.5 1\n2 0.25 2\n")
    assert read_all("mlruns", place)[:1] == []
    for file in (run / "metrics/loss", run / "meta.yaml"):
        whole = file.read_bytes()
        try_mutants("mlruns", file, whole, place, MUTANTS // 2)
        file.write_bytes(whole)

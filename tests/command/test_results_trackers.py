"""Results from TensorBoard's events and MLflow's stores, written by these packages."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seedwise.trainers.command.outputs.proposals import propose
from seedwise.trainers.command.outputs.reading import read_history
from tests.command.places import HISTORY, make_place, problems, read

NEEDS_TENSORBOARD = "writes real event files; pip install -r requirements-dev.txt"
NEEDS_MLFLOW = "writes a real store; pip install -r requirements-mlflow.txt"


def write_events(folder: Path, count: int = 12_000) -> None:
    """Write many events, as cleanrl does, and one of the kind that Keras and TensorFlow 2 write."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder))
    for step in range(count):
        value = Summary.Value(tag="charts/episodic_return", simple_value=float(step))
        writer.add_event(Event(wall_time=1.7e9 + step, step=step // 2, summary=Summary(value=[value])))
    writer.add_event(Event(wall_time=1.8e9, step=7, summary=scalar_pb("epoch_loss", 0.5)))
    writer.close()


def test_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason=NEEDS_TENSORBOARD)
    place = make_place(tmp_path, "epoch_loss")
    write_events(place.out / "runs" / "CartPole__1700000000")
    keys = {"ret": "charts/episodic_return"}
    last = read({"tensorboard": "{out}", "keys": keys, "take": {"mean_last": 20}}, place._replace(metric=""))
    assert last == {"ret": 11989.5}, "no event is left out, and several may have one step"
    for path in ("{out}", "{out}/**", "{out}/runs/*", "out/runs"):
        assert read({"tensorboard": path}, place) == {"charts/episodic_return": 11999, "epoch_loss": 0.5}
    rows = read_history(HISTORY.validate_python({"tensorboard": "{out}", "keys": keys}), place)
    assert len(rows) == 6000
    assert rows[-1] == {"step": 5999, "ret": 11999}
    assert propose(place)[0].yaml == "results: {tensorboard: '{out}/runs/*', keys: [epoch_loss]}"
    assert {found.value for found in propose(place)} == {0.5, 11999}
    (line,) = problems({"tensorboard": "{out}", "keys": ["episodic_return"]}, place)
    assert 'no tag "episodic_return"; did you mean "charts/episodic_return"?' in line


def test_tensorboard_of_a_killed_program(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason=NEEDS_TENSORBOARD)
    place = make_place(tmp_path)
    write_events(place.out, count=100)
    (file,) = place.out.iterdir()
    os.truncate(file, file.stat().st_size - 10)
    assert read({"tensorboard": "{out}"}, place) == {"charts/episodic_return": 99}


def test_tensorboard_in_several_folders_or_none(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason=NEEDS_TENSORBOARD)
    place = make_place(tmp_path)
    (line,) = problems({"tensorboard": "{out}"}, place)
    assert line == f"results.tensorboard: no event files (*tfevents*) in {place.out} or below it"
    for name in ("train", "validation"):
        write_events(place.out / name, count=2)
    (line,) = problems({"tensorboard": "{out}"}, place)
    assert "stands for 2 folders, need one: " in line


@pytest.mark.parametrize(
    ("kind", "package", "path"),
    [("tensorboard", "tensorboard", "events.out.tfevents.1"), ("mlflow", "mlflow", "mlflow.db")],
)
def test_a_package_that_is_missing_is_named(kind: str, package: str, path: str, tmp_path: Path) -> None:
    """In a process of its own, in which the package cannot be imported."""
    place = make_place(tmp_path)
    (place.out / path).touch()
    program = f"""
import sys
sys.modules[{package!r}] = None
from pathlib import Path
from tests.command.places import make_place, problems
print(*problems({{{kind!r}: "{{out}}/{path}"}}, make_place(Path({str(tmp_path)!r}))), sep="\\n")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert f"needs the package {package}: pip install {package}\n" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite", "folder"])
def test_mlflow(store: str, tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason=NEEDS_MLFLOW)
    place = make_place(tmp_path)
    uri = f"sqlite:///{place.out}/mlflow.db" if store == "sqlite" else (place.out / "mlruns").as_uri()
    source = {"mlflow": "sqlite:///{out}/mlflow.db" if store == "sqlite" else "{out}/mlruns"}
    (line,) = problems(source, place)
    assert line.startswith(
        f"results.mlflow: there is no {place.out}/mlflow.db" if store == "sqlite" else "results.mlflow: "
    )
    program = """
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("mine")
with mlflow.start_run():
    for step in range(5):
        mlflow.log_metric("val/acc", step / 10, step=step)
    mlflow.log_metric("loss", float("nan"))
"""
    environment = os.environ | {"MLFLOW_ALLOW_FILE_STORE": "true"}
    write = [sys.executable, "-c", program, uri]
    subprocess.run(write, check=True, cwd=tmp_path, capture_output=True, env=environment)
    found = read(source, place)
    assert found["val/acc"] == 0.4
    assert math.isnan(found["loss"])
    keys = {"acc": "val/acc"}
    assert read({**source, "keys": keys, "take": {"mean_last": 2}}, place) == {"acc": 0.35}
    rows = read_history(HISTORY.validate_python({**source, "keys": keys}), place)
    assert rows == [{"step": step, "acc": step / 10} for step in range(5)]
    subprocess.run(write, check=True, cwd=tmp_path, capture_output=True, env=environment)
    (line,) = problems(source, place)
    assert "has 2 runs with metrics (" in line
    assert line.endswith("; need one")

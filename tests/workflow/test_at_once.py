"""How many runs train at once where the user names no number of cores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from seedwise.workflow import at_once as module
from seedwise.workflow.at_once import at_once, with_number_of_cores

IMAGES = """\
study: tiny
title: "Tiny study"
dataset: {name: fashion_mnist}
training: {epochs: 1, device: DEVICE, threads: THREADS}
variants: [{name: baseline}, {name: dropout, set: {model.dropout: 0.2}}, {name: more, set: {model.dropout: 0.4}}]
seeds: [0, 1, 2]
analysis: {metric: test_accuracy, higher_is_better: true, baseline: baseline}
"""
PROGRAM = """\
study: tiny
title: "Tiny study"
command: {run: "python train.py {seed}"}
variants: [{name: baseline}]
seeds: 9
analysis: {metric: loss, higher_is_better: false, baseline: baseline}
"""
RUNS, CORES = some.integers(0, 500), some.integers(1, 128)


def seconds(runs: int, together: int, cores: int) -> float:
    """How long equal runs of a second take, so many at once, if all that train share the cores evenly."""
    left, time = runs, 0.0
    while left > 0:
        now = min(together, left)
        time += max(1.0, now / cores)
        left -= now
    return time


@given(RUNS, CORES)
def test_no_other_number_takes_less_time(runs, cores):
    chosen = at_once(runs, cores)
    assert cores <= chosen <= cores + cores // 2
    allowed = range(cores, cores + cores // 2 + 1)
    assert seconds(runs, chosen, cores) == pytest.approx(min(seconds(runs, other, cores) for other in allowed))


@pytest.mark.parametrize(
    ("runs", "cores", "expected"), [(9, 2, 3), (8, 2, 2), (9, 4, 5), (9, 8, 9), (1, 2, 2), (0, 2, 2)]
)
def test_no_core_is_left_alone_with_the_last_run(runs, cores, expected):
    assert at_once(runs, cores) == expected


def words(tmp_path, monkeypatch, study, *options, cores=2):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "available_cores", lambda: cores)
    (tmp_path / "study.yaml").write_text(study)
    return with_number_of_cores(["snakemake", "--configfile", "study.yaml", *options])[3:]


@pytest.mark.parametrize(("device", "threads", "expected"), [("cpu", "1", "3"), ("cpu", "2", "2"), ("cuda", "1", "2")])
def test_runs_of_one_thread_fill_the_cores_and_others_get_one_each(tmp_path, monkeypatch, device, threads, expected):
    study = IMAGES.replace("DEVICE", device).replace("THREADS", threads)
    assert words(tmp_path, monkeypatch, study, "--cores", "filled", "-n") == ["--cores", expected, "-n"]


def test_only_runs_that_are_missing_count(tmp_path, monkeypatch):
    def finish(variant, seed):
        record = tmp_path / f"results/tiny/runs/{variant}/seed{seed}/metrics.json"
        record.parent.mkdir(parents=True)
        record.write_text("{}")

    for seed in range(3):
        finish("baseline", seed)
    study = IMAGES.replace("DEVICE", "cpu").replace("THREADS", "1")
    assert words(tmp_path, monkeypatch, study, "--cores", "filled") == ["--cores", "2"]  # 6 left
    finish("dropout", 0)
    assert words(tmp_path, monkeypatch, study, "--cores", "filled") == ["--cores", "3"]  # 5 left: 3 + 2


def test_a_number_of_the_users_stands_and_programs_get_a_core_each(tmp_path, monkeypatch):
    assert words(tmp_path, monkeypatch, PROGRAM, "--cores", "filled") == ["--cores", "2"]
    study = IMAGES.replace("DEVICE", "cpu").replace("THREADS", "1")
    for own in (["--cores", "2"], ["--cores", "all"], ["-c2"]):
        assert words(tmp_path, monkeypatch, study, *own) == own
    assert words(tmp_path, monkeypatch, "study: [", "--cores", "filled") == ["--cores", "2"]

"""Damaged checkpoints, where several processes start one run."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

from seedwise.basics.files import hold_lock
from seedwise.trainers.image_classifier.integrity import ASIDE, LOCK, set_aside

PROCESSES, ROUNDS = 4, 25


def _start(folder: Path, together, said) -> None:
    for number in range(ROUNDS):
        together.wait(60)
        set_aside(folder / str(number), said.put)
    said.put(None)


def damaged(folder: Path) -> Path:
    folder.mkdir()
    checkpoint = folder / "checkpoint-1.pt"
    checkpoint.write_bytes(b"torn")
    return checkpoint


def test_processes_that_meet_at_a_damaged_checkpoint_set_it_aside_once(tmp_path):
    for number in range(ROUNDS):
        damaged(tmp_path / str(number))
    made = multiprocessing.get_context("fork")
    together, said = made.Barrier(PROCESSES), made.Queue()
    processes = [made.Process(target=_start, args=(tmp_path, together, said)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    heard: list[str | None] = []
    while heard.count(None) < PROCESSES:
        heard.append(said.get(timeout=60))
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    for number in range(ROUNDS):
        assert sum(f"/{number}/checkpoint-1.pt is damaged" in line for line in filter(None, heard)) == 1
        assert [path.name for path in (tmp_path / str(number)).glob("check*")] == [f"checkpoint-1.pt{ASIDE}"]


def test_checkpoints_of_a_run_that_another_process_trains_are_left_alone(tmp_path):
    checkpoint = damaged(tmp_path / "run")
    with hold_lock(checkpoint.with_name(LOCK)):
        set_aside(checkpoint.parent, print)
    assert checkpoint.read_bytes() == b"torn"

"""The GPU benchmark on a CPU: every section measures something, and what a machine cannot do is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from benchmarks.gpu.report import tables
from tests.conftest import ROOT

FAILED = {
    "machine": {
        "torch": "2.11.0",
        "python": "3.12.3",
        "cpu": "a CPU",
        "cores": 16,
        "load": [0, 0, 0],
        "date": "2026-11-27",
    },
    "data": "made up",
    "sections": {
        "study": {"status": "failed", "error": "Traceback:\n  File x\nRuntimeError: CUDA error\n"},
        "cifar": {
            "status": "cut off",
            "error": "the end of its log",
            "notes": ["64, bf16: seedwise, compiled failed:\nTraceback:\nOutOfMemoryError: no memory\n"],
            "rows": [
                {
                    "batch": 64,
                    "precision": "bf16",
                    "rounds": 4,
                    "reference": "bare loop",
                    "images_per_second": {"bare loop": 12345},
                    "times_the_reference": {"bare loop": 1.0},
                    "failed": {"seedwise, compiled": "failed, see the notes"},
                }
            ],
        },
        "copying": {"status": "skipped", "error": "only 2 s left for it"},
    },
}


def test_a_section_that_failed_is_said_with_its_error_and_the_others_are_shown():
    text = tables(FAILED)
    assert "- Failed: RuntimeError: CUDA error" in text
    assert "- Cut off: the end of its log" in text
    assert "- Skipped: only 2 s left for it" in text
    assert "| bare loop | 12 345 (1.00) |" in text
    assert "64, bf16: seedwise, compiled failed: OutOfMemoryError: no memory" in text


@pytest.mark.slow
def test_the_script_measures_every_kind_of_section_on_a_cpu(tmp_path):
    out = tmp_path / "gpu.json"
    command = ["benchmarks/gpu.sh", out, "--device", "cpu", "--seconds", "600"]
    command += ["--sections", "study", "small_cnn", "batched"]
    environment = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(out.read_text())
    sections = figures["sections"]
    assert [(name, section["status"]) for name, section in sections.items()] == [
        ("study", "done"),
        ("small_cnn", "done"),
        ("batched", "done"),
    ]
    notes = [note for section in sections.values() for note in section["notes"]]
    assert [note for note in notes if "failed" in note] == []
    assert "CUDA graphs: skipped, no CUDA; the captured step is run operation by operation instead" in notes

    assert {row["at_once"]: row["complete"] for row in sections["study"]["rows"]} == {1: True, 2: True}
    for run in (run for row in sections["study"]["rows"] for run in row["runs"]):
        assert run["device"] == "cpu"
        assert 0 < run["timing"]["train"] < run["seconds"]
    [row] = sections["small_cnn"]["rows"]
    assert {"bare loop", "seedwise", "seedwise, step captured (prototype)"} <= set(row["images_per_second"])
    assert row["times_the_reference"]["bare loop"] == 1
    assert max(sections["batched"]["gradients"].values()) < 1e-4
    assert set(sections["batched"]["study"]) == {"vmap", "grouped", "looped"}

    printed = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", "--table", out], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert printed in done.stdout
    for title in ("The default study on one card", "small_cnn, 28 × 28 × 1", "as one batched model"):
        assert title in printed
    assert "whose figures mean nothing" in printed

"""Traps of training programs that others wrote, each shown by a small program."""

import json

import pytest

from tests.workflow.programs import make_program

pytestmark = pytest.mark.slow

SAVES_BESIDE_ITS_CODE = """\
import os, sys
from pathlib import Path

seed, model = int(sys.argv[1]), Path("model.txt")
model.write_text(str(1 + seed / 100))
Path(os.environ["SEEDWISE_RESULTS"]).write_text('{"loss": %s}' % model.read_text())
"""
STUDY = """\
study: tiny
title: A program that saves its model beside its code
command:
  run: python train.py {seed} {rate}
  settings: {rate: 0.1}
  code: [train.py]
variants:
  - {name: baseline}
  - {name: faster, set: {rate: 0.2}}
seeds: [0, 1]
analysis: {metric: loss, higher_is_better: false, baseline: baseline}
"""
SHARED = "4 runs wrote the same file of the program's own folder, model.txt"


def test_runs_that_shared_a_file_are_warned_of_and_run_again_once_they_are_isolated(tmp_path):
    project = make_program(tmp_path / "project", STUDY)
    (project.folder / "train.py").write_text(SAVES_BESIDE_ITS_CODE)
    project.run("--cores", "1")
    assert SHARED in (project.results / "results.md").read_text()
    assert (project.folder / "model.txt").exists()
    shared = json.loads(project.record("baseline", 0).read_text())
    (project.folder / "model.txt").unlink()
    project.edit("config.yaml", "  code:", "  isolate: copy\n  code:")
    project.run("--cores", "1")
    assert SHARED not in (project.results / "results.md").read_text()
    assert not (project.folder / "model.txt").exists()
    alone = json.loads(project.record("baseline", 0).read_text())
    assert alone["metrics"] == shared["metrics"]
    assert alone["provenance"]["settings_digest"] != shared["provenance"]["settings_digest"]

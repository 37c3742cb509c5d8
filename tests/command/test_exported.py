"""Variables that a program reads and its study does not set, and what the report says where runs had other values."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedwise.trainers.command.exported import digests, read_by
from tests.workflow.programs import make_program


def test_variables_are_found_in_the_code_that_reads_them(tmp_path: Path) -> None:
    code = {
        "a.py": "import os\nos.environ['A1'], os.environ.get( \"A2\", ''), os.getenv('A3'), environ['PATH']\n",
        "b.R": 'x <- Sys.getenv("B1")\n',
        "c.js": "process.env.C1 + process.env['C2']\n",
        "d.jl": 'ENV["D1"]\n',
        "e.sh": "OWN=3\necho $E1 ${E2:-none} $OWN $SLURM_JOB_ID\n",
        "f.txt": "$F1\n",
        "g.bin": "",
    }
    for name, text in code.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "g.bin").write_bytes(b"\xff getenv('G1')")
    files = [*(tmp_path / name for name in code), tmp_path / "gone.py"]
    assert read_by(files) == ["A1", "A2", "A3", "B1", "C1", "C2", "D1", "E1", "E2"]


def test_nothing_of_a_secret_is_kept() -> None:
    found = digests(
        ["LR_SCALE", "NOT_SET", "API_KEY", "BASE_URL"],
        {"LR_SCALE": "2", "API_KEY": "of-no-use", "BASE_URL": "https://me:hunter2secret@host/x"},
    )
    assert found == {"LR_SCALE": "d4735e3a265e", "NOT_SET": None}


@pytest.mark.slow
def test_runs_that_inherited_other_values_are_named_in_the_report(tmp_path: Path) -> None:
    project = make_program(tmp_path / "project")
    project.edit("train.py", "offset = float(", "offset = float(os.environ.get('OFFSET', 0)) + float(")
    runs = [f"results/tiny/runs/baseline/seed{seed}/metrics.json" for seed in (0, 1)]
    assert project.seedwise("run", "config.yaml", *runs).returncode == 0
    assert project.seedwise("run", "config.yaml", "--cores", "2", OFFSET="0.5").returncode == 0
    report = (project.results / "results.md").read_text()
    assert "reads the variable OFFSET, which the study does not set, and it was not the same for all runs" in report
    assert "dropout seed 0 and dropout seed 1 had another value than baseline seed 0" in report

    project.edit("config.yaml", "  data: [data.txt]", "  data: [data.txt]\n  env: {OFFSET: '0.5'}")
    assert project.seedwise("run", "config.yaml", "--cores", "2", "--replace").returncode == 0
    assert "OFFSET, which the study" not in (project.results / "results.md").read_text()

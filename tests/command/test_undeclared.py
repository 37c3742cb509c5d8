"""Variables and files that a program reads and its study does not name: the report says where they changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedwise.trainers.command.undeclared import digests_of_variables, named_by
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
    assert named_by(files, tmp_path).variables == ["A1", "A2", "A3", "B1", "C1", "C2", "D1", "E1", "E2"]


def test_files_are_found_that_the_code_names_and_that_are_neither_code_nor_data(tmp_path: Path) -> None:
    for name in ("train.py", "model.py", "conf/a.json", "data/x.csv", "y.csv", "out/z.csv", "api_key.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link.csv").symlink_to("data/x.csv")
    named = [
        "train.py",
        "conf/a.json",
        "data/x.csv",
        "y.csv",
        "out/z.csv",
        "link.csv",
        "gone.csv",
        "api_key.txt",
        "conf",
        str(tmp_path / "y.csv"),
    ]
    (tmp_path / "train.py").write_text("; ".join(f"open({name!r})" for name in named))
    code = [tmp_path / "train.py", tmp_path / "model.py"]
    found = named_by(code, tmp_path, [tmp_path / "data", tmp_path / "out"]).files
    assert list(found) == ["conf/a.json", "y.csv", str(tmp_path / "y.csv")]


def test_nothing_of_a_secret_is_kept() -> None:
    found = digests_of_variables(
        ["LR_SCALE", "NOT_SET", "API_KEY", "BASE_URL"],
        {"LR_SCALE": "2", "API_KEY": "of-no-use", "BASE_URL": "https://me:hunter2secret@host/x"},
    )
    assert found == {"LR_SCALE": "d4735e3a265e", "NOT_SET": None}


@pytest.mark.slow
def test_runs_that_read_other_values_or_files_are_named_in_the_report(tmp_path: Path) -> None:
    project = make_program(tmp_path / "project")
    project.edit("train.py", "offset = float(", "offset = float(os.environ.get('OFFSET', 0)) + float(")
    runs = [f"results/tiny/runs/baseline/seed{seed}/metrics.json" for seed in (0, 1)]
    assert project.seedwise("run", "config.yaml", *runs).returncode == 0
    assert project.seedwise("run", "config.yaml", "--cores", "2", OFFSET="0.5").returncode == 0
    report = (project.results / "results.md").read_text()
    assert "reads the variable OFFSET, which the study does not set, and it was not the same for all runs" in report
    assert "dropout seed 0 and dropout seed 1 had another value than baseline seed 0" in report

    # What the program itself writes beside its code says nothing.
    project.edit("train.py", "    offset =", "    Path('scale.txt').write_text(str(os.getpid()))\n    offset =")
    project.edit("train.py", "return SCALE", "return float(Path('factor.txt').read_text()) * SCALE")
    (project.folder / "factor.txt").write_text("1")
    assert project.seedwise("run", "config.yaml", *runs, "--replace").returncode == 0
    (project.folder / "factor.txt").write_text("2")
    assert project.seedwise("run", "config.yaml", "--cores", "2", "--replace").returncode == 0
    report = (project.results / "results.md").read_text()
    assert "names the file factor.txt, which is neither its code nor data of the study" in report
    assert "scale.txt, which is neither" not in report
    assert "OFFSET, which the study" not in report, "it was the same for all"

    project.edit("config.yaml", "  data: [data.txt]", "  data: [data.txt, factor.txt]\n  env: {OFFSET: '0.5'}")
    assert project.seedwise("run", "config.yaml", "--cores", "2", "--replace").returncode == 0
    assert "factor.txt, which is neither" not in (project.results / "results.md").read_text()

"""Variables and files that a program reads and its study does not name: the report says where they changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seedwise.analysis.program_notes import program_notes
from seedwise.basics.file_digests import FILES_CACHE, FileDigests
from seedwise.runs.record import RunRecord
from seedwise.trainers.command.undeclared import digests_of_variables, named_by
from tests.command.projects import put
from tests.command.test_run import PYTHON, request, run
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


def test_variables_that_code_sets_or_that_differ_from_job_to_job_do_not_count(tmp_path: Path) -> None:
    code = {
        "a.py": "os.environ['A1'] = '1'; os.environ[ \"A2\" ]='2'; os.environ['A3'] == '3'; os.environ['A4']\n"
        "os.environ['A5'] = os.environ.get('A5', '5')\n",
        "b.rb": "ENV['B1'] = '1'; ENV['B2'] =~ /x/; ENV['B3'] ||= '3'\n",
        "c.js": "process.env.C1 = 1; process.env['C2'] = 2; if (process.env.C3 === '3') x\n",
        "d.sh": "for D1 in $D2; do echo $D1; done; for ((D3 = 0; D3 < $D4; D3++)); do echo $D3; done\n"
        "while IFS=' ' read -rp \"D5; \" D6 D7; do echo $D5 $D6 ${D7}; done < $D8\n"
        "f() { local D9=$1 D10; echo $D9 $D10 ${D11=5}; }\nif true; then D12=1; fi; echo $D12\n",
        "e.py": "".join(
            f"os.getenv('{name}')\n"
            for name in ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "LSB_JOBID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
        )
        + "os.getenv('SGE_TASK_ID')\n",
    }
    for name, text in code.items():
        (tmp_path / name).write_text(text)
    found = named_by([tmp_path / name for name in code], tmp_path).variables
    assert found == ["A3", "A4", "A5", "B2", "B3", "C3", "D11", "D2", "D4", "D5", "D8"]


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


def test_files_of_the_system_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "names").symlink_to("/etc/passwd")
    named = ["/proc/self/status", "/proc/meminfo", "/etc/passwd", "/etc/../etc/hosts", "names", "own.txt"]
    (tmp_path / "own.txt").touch()
    (tmp_path / "train.py").write_text("; ".join(f"open({name!r})" for name in named))
    assert list(named_by([tmp_path / "train.py"], tmp_path).files) == ["own.txt"]


def test_a_name_is_looked_up_once_however_often_the_code_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = [tmp_path / f"{number}.py" for number in range(5)]
    for file in code:
        file.write_text("open('a.csv'); open('a.csv'); open('gone.csv')")
    (tmp_path / "a.csv").touch()
    looked_up: list[str] = []
    is_file = Path.is_file
    monkeypatch.setattr(Path, "is_file", lambda self: looked_up.append(self.name) or is_file(self))
    assert list(named_by(code, tmp_path).files) == ["a.csv"]
    assert looked_up == ["a.csv", "gone.csv"]


PROGRAM = """import json, os
os.environ.get("X_MODE")
open("input.txt").read(); "large.bin"
open("model.pt", "w").write("weights")
json.dump({"loss": 1}, open(os.environ["SEEDWISE_RESULTS"], "w"))
"""


def run_of(folder: Path) -> RunRecord:
    """Run a program whose code is on record, so that what it names is looked for."""
    asked = request(folder, f"{PYTHON} train.py")
    for name, text in (("train.py", PROGRAM), ("input.txt", "1"), ("model.pt", "old")):
        put(folder / "program", name, text)
    put(folder, "digests/code.json", '{"train.py": "0"}')
    return run(asked)


def test_a_variable_that_is_not_utf8_costs_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("X_MODE", "caf\udce9")
    record = run_of(tmp_path)
    assert record.metrics == {"loss": 1}
    assert list(record.provenance.exported) == ["X_MODE"]


@pytest.mark.parametrize("broken", ["named_by", "digests_of_variables", "FileDigests"])
def test_a_program_that_succeeded_keeps_its_numbers_whatever_goes_wrong_here(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the value of a variable")

    monkeypatch.chdir(tmp_path)
    module = "run" if broken == "named_by" else "undeclared"
    monkeypatch.setattr(f"seedwise.trainers.command.{module}.{broken}", fail)
    record = run_of(tmp_path)
    assert record.metrics == {"loss": 1}
    assert record.provenance.named_files == {}


def test_only_files_are_read_that_the_program_does_not_write_and_that_are_not_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    digest = FileDigests.sha256
    monkeypatch.setattr(FileDigests, "sha256", lambda self, file: read.append(file.name) or digest(self, file))
    caches: list[Path] = []
    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: caches.append(self) or read_bytes(self))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program").mkdir()
    with (tmp_path / "program/large.bin").open("wb") as file:
        file.truncate(100_000_001)
    assert list(run_of(tmp_path).provenance.named_files) == ["input.txt"]
    assert read == ["input.txt"]
    assert caches.count(FILES_CACHE) == 1


def records_with(exported: dict[str, dict[str, str | None]], record: RunRecord) -> list[RunRecord]:
    return [
        replace(record, variant=variant, provenance=replace(record.provenance, exported=own))
        for variant, own in exported.items()
    ]


def test_one_sentence_names_all_variables_or_counts_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    record = replace(run_of(tmp_path), wrote=[])
    names = [f"VARIABLE_{number}" for number in range(7)]
    others = dict.fromkeys(names, "1")
    (note,) = program_notes(records_with({"baseline": dict.fromkeys(names), "plain": {}, "other": others}, record))
    assert note.sentence == (
        "The program's code reads the variables VARIABLE_0, VARIABLE_1, VARIABLE_2, VARIABLE_3 and 3 more, which the "
        "study does not set, and they were not the same for all runs: other seed 7 had other values than baseline seed "
        "7. A difference between variants may come from them. Set them in the study (env: {VARIABLE_0: …, "
        "VARIABLE_1: …, VARIABLE_2: …, VARIABLE_3: …, …}), so that a change of one repeats the runs."
    )
    assert note.variants == ("other",)
    mixed = {"a": {"X": "1", "Y": "1"}, "b": {"X": "2", "Y": "1"}, "c": {"X": "1"}, "d": {"Y": "2"}, "e": {"Y": "2"}}
    (note,) = program_notes(records_with({**mixed, "f": {"Y": "2"}}, record))
    assert "the variables X and Y, which" in note.sentence
    assert "b seed 7 and a seed 7 had other values than other runs" in note.sentence
    (note,) = program_notes(records_with({"a": {"X": "1"}, "b": {"X": None}, "c": {"X": "1"}}, record))
    assert "the variable X, which" in note.sentence
    assert "b seed 7 had another value than a seed 7" in note.sentence


def test_no_shared_file_is_dropped_without_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    record = replace(run_of(tmp_path), wrote=[f"cache_{number}.pt" for number in range(6)])
    later = replace(record, variant="later", started=(record.started or 0) + 1000)
    certain = [note.sentence for note in program_notes([record, later])]
    assert len(certain) == 5
    assert certain[-1] == (
        "So it is with 2 more files of the program's own folder. isolate: copy gives each run a copy of its own."
    )
    (possible,) = program_notes([record, replace(record, variant="meanwhile")])
    assert possible.sentence.startswith("cache_0.pt, cache_1.pt, cache_2.pt, cache_3.pt and 2 more changed in the")


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

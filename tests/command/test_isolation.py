"""A run's own copy of the program, and files that runs shared because they had none."""

import os
import subprocess
import sys

import pytest

from seedwise.basics.errors import UserError
from seedwise.trainers.command import isolation
from seedwise.trainers.command.isolation import copy_program, shared_writes, snapshot, written
from seedwise.trainers.command.own_output import OWN_OUTPUT
from tests.command.projects import put, repository


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "work" / "project"
    put(folder, "train.py", "open('model.pt', 'w').write(open('data/corpus.txt').read() + open('../up/x').read())\n")
    put(folder, "a b/größe.py")
    put(folder, "run.sh").chmod(0o755)
    put(folder, "data/corpus.txt", "corpus ")
    put(folder, "data/more.bin")
    put(tmp_path, "work/up/x", "above")
    put(folder, ".gitignore", "*.pt\n")
    put(folder, "old.pt")
    put(folder, "new.py")
    return repository(folder)


def test_a_program_runs_in_its_copy_and_leaves_the_original_alone(folder, tmp_path):
    before = snapshot(folder)
    place = copy_program(folder, tmp_path / "run" / "copy", ["data", "../up"])
    assert place.is_relative_to(tmp_path / "run" / "copy")
    assert sorted(file.name for file in place.iterdir()) == [
        ".gitignore",
        "a b",
        "data",
        "new.py",
        "run.sh",
        "train.py",
    ]
    assert (place / "data").readlink() == folder / "data"
    assert os.access(place / "run.sh", os.X_OK)
    subprocess.run([sys.executable, "train.py"], cwd=place, check=True)
    assert (place / "model.pt").read_text() == "corpus above"
    assert written(before, snapshot(folder)) == []
    assert not (folder / "model.pt").exists()


def test_single_files_and_patterns_are_linked_too(folder, tmp_path):
    place = copy_program(folder, tmp_path / "copy", ["data/*.txt", str(folder / "data")])
    assert place == tmp_path / "copy"
    assert (place / "data/corpus.txt").readlink() == folder / "data/corpus.txt"
    assert not (place / "data/more.bin").is_symlink()


def test_links_are_copied_as_what_they_lead_to(folder, tmp_path):
    (folder / "linked.py").symlink_to(folder / "train.py")
    place = copy_program(folder, tmp_path / "copy", [])
    (place / "linked.py").write_text("changed")
    assert (folder / "train.py").read_text() != "changed"


def test_what_is_not_there_and_what_is_too_much_are_errors(folder, tmp_path, monkeypatch):
    with pytest.raises(UserError, match='found "dta", which is not there; did you mean "data"'):
        copy_program(folder, tmp_path / "copy", ["dta"])
    with (folder / "large.bin").open("wb") as stream:
        stream.truncate(3_000_000_000)
    with pytest.raises(
        UserError, match=r"each run would copy 3\.0 GB, more than 2 GB; .* such as large\.bin \(3\.0 GB\)"
    ):
        copy_program(folder, tmp_path / "copy", [])
    copy_program(folder, tmp_path / "linked", ["large.bin"])
    place = copy_program(folder, tmp_path / "without", without=["large.bin"])
    assert not (place / "large.bin").exists()


def test_files_that_a_run_makes_or_changes_are_noticed(folder):
    before = snapshot(folder, without=("data",))
    put(folder, "train.py", "longer than before" * 20)
    put(folder, "deep/er/model.pt")
    put(folder, ".state/seed")
    os.utime(folder / "run.sh", ns=(0, 1))
    for name in (
        "results/study/x",
        "data/cache.bin",
        ".git/x",
        ".snakemake/x",
        "__pycache__/train.cpython-311.pyc",
        "a b/größe.pyc",
        "wandb/run/x",
        ".pytest_cache/x",
        "env/pyvenv.cfg",
        "env/lib/x.py",
    ):
        put(folder, name)
    (folder / "broken").symlink_to("nowhere")
    (folder / "circle").symlink_to(folder)
    (folder / "old.pt").unlink()
    assert written(before, snapshot(folder, without=("data",))) == [
        ".state/seed",
        "deep/er/model.pt",
        "run.sh",
        "train.py",
    ]


def test_files_that_take_the_output_of_seedwise_are_not_watched(folder, monkeypatch):
    before, status = snapshot(folder), (folder / "old.pt").stat()
    for name in ("nohup.out", "deep/typescript", "old.pt", "new.log"):
        put(folder, name, "said")
    assert written(before, snapshot(folder)) == ["new.log", "old.pt"]
    monkeypatch.setenv(OWN_OUTPUT, f"1:2 {status.st_dev}:{status.st_ino}")
    assert written(before, snapshot(folder)) == ["new.log"]


def test_a_folder_with_too_many_files_is_not_watched(folder, monkeypatch):
    monkeypatch.setattr(isolation, "WATCHED", 3)
    assert snapshot(folder) is None
    assert written(snapshot(folder), snapshot(folder)) == []


def test_runs_after_one_another_that_write_one_file_share_it():
    found = shared_writes({"a/0": ["model.pt", "a-0.pt"], "a/1": ["model.pt", "a-1.pt"]})
    assert found.certain == {"model.pt": ("a/0", "a/1")}
    assert found.possible == {}


def test_runs_at_one_time_share_a_file_certainly_only_if_none_can_have_written_it_alone():
    times = {"a/0": (0.0, 10.0), "a/1": (1.0, 9.0), "b/0": (20.0, 30.0), "b/1": (21.0, 29.0)}
    writes = {
        "a/0": ["model.pt", "a-0.pt", "a-1.pt"],
        "a/1": ["model.pt", "a-0.pt", "a-1.pt"],
        "b/0": ["model.pt"],
        "b/1": ["model.pt", "b-1.pt"],
    }
    found = shared_writes(writes, times)
    assert found.certain == {"model.pt": ("a/0", "a/1", "b/0", "b/1")}
    assert found.possible == {"a-0.pt": ("a/0", "a/1"), "a-1.pt": ("a/0", "a/1")}


def test_a_chain_of_overlaps_that_one_run_spans_can_be_one_writer():
    times = {"long": (0.0, 100.0), "early": (1.0, 2.0), "late": (90.0, 95.0)}
    writes = {run: ["x"] for run in times}
    assert shared_writes(writes, times).possible == {"x": ("long", "early", "late")}
    assert shared_writes({"early": ["x"], "late": ["x"]}, times).certain == {"x": ("early", "late")}

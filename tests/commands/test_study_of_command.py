"""Which study a command is about."""

from contextlib import chdir
from pathlib import Path

import pytest

from seedwise.basics.errors import UserError
from seedwise.commands.studies import find_study, take_study
from seedwise.config.last_study import remember_study

STUDY = "study: s\nseeds: [0, 1]\n"


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(*names, text=STUDY):
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        (["a b.yaml", "--cores", "4"], ["--cores", "4"]),
        (["--cores", "4", "a b.yaml"], ["--cores", "4"]),
        (["-n", "a b.yaml", "runs"], ["-n", "runs"]),
        (["runs", "--cores", "4"], ["runs", "--cores", "4"]),
        (["--config", "x=y.yaml", "--quiet"], ["--config", "x=y.yaml", "--quiet"]),
        (["--report-metadata", "meta.yaml"], ["--report-metadata", "meta.yaml"]),
        (["-n", "--", "other.yaml"], ["-n", "--", "other.yaml"]),
        ([], []),
    ],
)
def test_the_study_is_taken_from_the_words_for_snakemake(words, rest):
    write("a b.yaml")
    assert take_study(words, "seedwise run") == (Path("a b.yaml"), rest)


def test_the_only_study_is_found_among_other_files():
    write("study.yml", text='"study": s\nseeds : [0]\n')
    write("environment.yaml", text="name: s\ndependencies: []\n")
    write("deeper/study.yaml")
    write("notes.yaml", text="the:\n  study: s\n  seeds: []\n")
    Path("binary.yaml").write_bytes(b"\xff\xfe\x00")
    assert find_study(None, "seedwise status") == Path("study.yml")


@pytest.mark.parametrize(
    ("files", "words", "message"),
    [
        ([], [], "no study is in this folder: .*name one: seedwise run path/to/study.yaml"),
        (["a.yaml", "b.yaml"], [], r"several studies .* seedwise run a.yaml \(also here: b.yaml\)"),
        (["a.yaml", "b.yaml"], ["a.yaml", "b.yaml"], "found two studies, a.yaml and b.yaml; run one after the other"),
        (["study.yaml"], ["studdy.yaml"], "studdy.yaml: no such file; did you mean study.yaml?"),
        (["d/study.yaml"], ["d/study.yml"], "d/study.yml: no such file; did you mean d/study.yaml?"),
        (["study.yaml"], ["study"], "study: did you mean study.yaml?"),
        (["study.yaml"], ["other.yaml"], r"other.yaml: no such file \(also here: study.yaml\)"),
        (["d/a.yaml"], ["d"], "d is a folder; name a study: seedwise run d/a.yaml"),
    ],
)
def test_a_study_that_is_not_found(files, words, message):
    write(*files)
    with pytest.raises(UserError, match=message):
        take_study(words, "seedwise run")


def test_a_file_with_a_mistake_is_left_to_the_reader_of_studies():
    write("study.yaml", text="studdy: s\n")
    assert find_study("study.yaml", "seedwise run") == Path("study.yaml")


def test_the_study_that_was_run_last_is_meant_where_a_command_is_about_runs():
    write("a.yaml", "studies/b.yaml")
    remember_study(Path("studies/b.yaml"))
    assert find_study(None, "seedwise watch", last=True) == Path("studies/b.yaml")
    assert find_study("a.yaml", "seedwise watch", last=True) == Path("a.yaml")
    with chdir("studies"):  # another folder has another last study
        assert find_study(None, "seedwise watch", last=True) == Path("b.yaml")
    Path("studies/b.yaml").unlink()
    assert find_study(None, "seedwise watch", last=True) == Path("a.yaml")

"""Which files count as a program's code, and when their digests change."""

import json
import os
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedwise.basics.errors import UserError
from seedwise.trainers.command import sources
from seedwise.trainers.command.sources import code_digests, named_by, program_files
from tests.command.projects import commit, git, put, repository

SOURCES = ("train.py", "src/model.py", "conf/base.yaml", "run.sh", "kernels/a.cu")


def names(folder, patterns=None, words=(), without=()):
    return [file.relative_to(folder).as_posix() for file in program_files(folder, patterns, words, without).files]


def digests(folder, patterns=None, words=(), cache=None):
    return code_digests(
        folder, program_files(folder, patterns, words).files, cache, cache and cache.with_suffix(".stat")
    )


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    for name in SOURCES:
        put(folder, name)
    put(folder, ".gitignore", "*.log\nscratch/\nbuild/\n")
    put(folder, "README.md")
    put(folder, "data/corpus.txt")
    return repository(folder)


@pytest.fixture
def bare(tmp_path):
    """The same, without git."""
    folder = tmp_path / "bare"
    for name in SOURCES:
        put(folder, name)
    return folder


def test_by_default_sources_that_git_tracks_or_does_not_ignore_count(project):
    put(project, "new.py")
    put(project, "scratch/ignored.py")
    assert names(project) == sorted([*SOURCES, "new.py"])


def test_without_git_the_sources_in_the_folder_count(bare):
    put(bare, "venv/pyvenv.cfg")
    put(bare, "venv/lib/site.py")
    put(bare, "node_modules/x/index.js")
    put(bare, "__pycache__/train.py")
    put(bare, ".hidden/x.py")
    put(bare, "results/study/page.js")
    put(bare, "final.json")
    assert names(bare) == sorted(SOURCES)


def test_a_folder_that_git_ignores_counts_as_one_without_git(project):
    put(project, "scratch/train.py")
    assert names(project / "scratch") == ["train.py"]


def test_a_folder_inside_a_repository_has_its_own_files_only(project):
    assert names(project / "src") == ["model.py"]


@pytest.mark.parametrize(
    "name",
    [
        "results/study/figures/page.js",
        ".snakemake/scripts/x.py",
        "wandb/run-1/files/code/train.py",
        "outputs/2024-01-01/config.yaml",
        "lightning_logs/version_0/hparams.yaml",
        "final.json",
        "metrics.yaml",
        "train.log",
        "notebook.ipynb",
        ".venv/lib/x.py",
    ],
)
def test_what_a_run_can_leave_does_not_outdate_it(project, name):
    before = names(project)
    put(project, name)
    assert names(project) == before


PROFILE = "executor: slurm\njobs: 100\ndefault-resources:\n  slurm_partition: main\n"


@pytest.mark.parametrize("place", ["profiles/slurm", "runs/profiles/slurm"])
def test_a_copied_profile_says_where_runs_are_done_and_is_not_their_code(project, bare, place):
    for folder in (project, bare):
        put(folder, f"{place}/config.yaml", PROFILE)
        put(folder, f"{place}/status.sh", "qstat")
    assert names(project) == names(bare) == sorted(SOURCES), "before it is committed"
    commit(project)
    assert names(project) == sorted(SOURCES)
    before = digests(project)
    put(project, f"{place}/config.yaml", PROFILE.replace("main", "long"))
    assert digests(project) == before


def test_profiles_of_another_kind_are_code(project):
    put(project, "profiles/user/config.yaml", "scheduler: cosine\njobs: 4\n")
    put(project, "profiles/user/make.sh")
    commit(project)
    assert {"profiles/user/config.yaml", "profiles/user/make.sh"} <= set(names(project))


@pytest.mark.parametrize("name", ["results/figures/page.js", "pyproject.toml", ".github/workflows/ci.yml", "README.md"])
def test_committed_files_that_decide_no_number_do_not_count(project, name):
    put(project, name)
    commit(project)
    assert name not in names(project)


def test_the_yaml_files_of_studies_do_not_count(project):
    put(project, "study.yaml", "study: a\ncommand: {run: python train.py}\nvariants: [{name: a}]\n")
    put(project, "conf/other.yaml", "# comment\nvariants:\n- name: a\nstudy: b\n")
    put(project, "conf/flow.yaml", "# comment\n---\n{study: b, seeds: 3,\n variants: [{name: a}]}\n")
    put(project, "conf/json.yaml", '{"variants": [{"name": "a"}], "study": "b"}\n')
    put(project, "conf/model.yaml", "model: {study: 3}\n")
    commit(project)
    assert names(project) == sorted([*SOURCES, "conf/model.yaml"])


def test_the_caller_leaves_out_files_and_folders(project):
    assert names(project, without=("conf", "run.sh")) == ["kernels/a.cu", "src/model.py", "train.py"]
    assert names(project, ["**/*.py"], without=("src",)) == ["train.py"]


def test_a_deleted_file_is_passed_over(project):
    (project / "train.py").unlink()
    assert "train.py" not in names(project)


@pytest.mark.parametrize("name", ["a b.py", "two\nlines.py", "größe.py", "-n.py", "quote'.py", b"latin\xe9.py"])
def test_any_name_is_fine(project, name):
    name = os.fsdecode(name)
    put(project, name)
    assert name in names(project)
    assert name in names(project, ["*.py"])
    assert len(digests(project)[name]) == 12
    commit(project)
    assert name in names(project)


def test_links_to_files_are_followed_and_broken_ones_passed_over(project, tmp_path):
    real = put(tmp_path, "elsewhere/shared.py", "a = 1")
    (project / "shared.py").symlink_to(real)
    (project / "broken.py").symlink_to("nowhere.py")
    (project / "circle").symlink_to(project)
    commit(project)
    before = digests(project)
    assert names(project) == sorted([*SOURCES, "shared.py"])
    real.write_text("a = 2")
    assert {name for name, digest in digests(project).items() if digest != before[name]} == {"shared.py"}


def test_submodules_and_clones_inside_count(project, tmp_path):
    library = repository(tmp_path / "library")
    put(library, "lib.py")
    commit(library)
    git(project, "submodule", "add", "-q", str(library), "vendor/library")
    git(project, "clone", "-q", str(library), "clone")
    assert {"vendor/library/lib.py", "clone/lib.py"} <= set(names(project))


def test_a_merge_conflict_lists_a_file_once(project):
    git(project, "checkout", "-q", "-b", "other")
    put(project, "train.py", "other")
    commit(project)
    git(project, "checkout", "-q", "main")
    put(project, "train.py", "mine")
    commit(project)
    with pytest.raises(subprocess.CalledProcessError):
        git(project, "merge", "other")
    assert names(project).count("train.py") == 1


def test_inside_a_hook_the_own_repository_is_asked(project, tmp_path, monkeypatch):
    other = repository(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert names(project) == sorted(SOURCES)


def test_a_repository_that_git_refuses_is_an_error(project, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(UserError, match=r"project: git cannot list the files: .*dubious ownership.*safe\.directory"):
        names(project)


def test_patterns_name_the_code(project):
    put(project, "venv/pyvenv.cfg")
    put(project, "venv/lib/x.py")
    put(project, "src/deep/er/x.py")
    put(project, "scratch/ignored.py")
    assert names(project, ["*.py", "src/**/*.py"]) == ["src/deep/er/x.py", "src/model.py", "train.py"]
    assert names(project, ["**/*.py"]) == ["scratch/ignored.py", "src/deep/er/x.py", "src/model.py", "train.py"]
    assert names(project, ["README.md", "./train.py"]) == ["README.md", "train.py"]
    assert names(project, ["kernels/**"]) == ["kernels/a.cu"]


def test_patterns_may_leave_the_folder(project):
    found = program_files(project / "src", ["*.py", "../*.py"], []).files
    assert sorted(code_digests(project / "src", found, None, None)) == ["../train.py", "model.py"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("trian.py", 'found "trian.py", which is no file; did you mean "train.py"?'),
        ("model.py", 'found "model.py", which is no file; did you mean "src/model.py"?'),
        ("src", 'found "src", which is a folder; write "src/**/*.py"'),
        ("*.pyy", 'found "*.pyy", which matches no file; in '),
        ("scr/*.py", 'found "scr/*.py", which matches no file'),
    ],
)
def test_a_pattern_that_matches_nothing_is_an_error(project, pattern, message):
    with pytest.raises(UserError) as error:
        names(project, ["*.py", pattern])
    assert str(error.value).startswith(f"command.code: {message}")
    assert "\n" not in str(error.value)


def test_a_folder_that_is_not_there_is_an_error(project):
    with pytest.raises(UserError, match=r'command\.folder: found ".*/projct", .*did you mean "project"'):
        names(project.with_name("projct"))


@pytest.mark.parametrize(
    "word", ["build/train", "./build/train", "--program=build/train", "program=build/train", "{folder}/build/train"]
)
def test_a_file_that_the_command_names_is_code_whatever_it_is(project, word):
    put(project, "build/train", "\x7fELF 1")
    before = digests(project, words=["sh", word.format(folder=project)])
    assert "build/train" in before
    put(project, "build/train", "\x7fELF 2")
    assert digests(project, words=["sh", word.format(folder=project)])["build/train"] != before["build/train"]


def test_words_that_name_no_file_of_the_program_are_passed_over(project):
    put(project, ".venv/pyvenv.cfg")
    put(project, ".venv/bin/python")
    words = ["python", "", "/etc/passwd", "../project.py", "x" * 5000, "a\0b", "src", ".venv/bin/python", "--lr=", "="]
    assert named_by(project, words) == []
    assert named_by(project, ["data/corpus.txt"]) == ["data/corpus.txt"]
    assert "data/corpus.txt" not in names(project, words=["data/corpus.txt"], without=["data/corpus.txt"])


def test_too_many_files_are_an_error_with_a_remedy(project, bare, monkeypatch):
    monkeypatch.setattr(sources, "MOST", 3)
    for folder in (project, bare):
        with pytest.raises(UserError, match=r'5 files count as code, more than 3; .* code: \["\*\.py"'):
            names(folder)
    assert names(bare, ["*.py"]) == ["train.py"]


@pytest.mark.parametrize(
    "content",
    [b"print 'Python 2'\n", b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", b"x = '\xe9'\n", b"\0", b"\xff\xfea\0", b""],
    ids=["Python 2", "declared", "undeclared", "NUL", "UTF-16", "empty"],
)
def test_python_that_cannot_be_parsed_is_digested_by_its_content(project, content):
    (project / "train.py").write_bytes(content)
    before = digests(project)["train.py"]
    (project / "train.py").write_bytes(content + b"y = 1\n")
    assert digests(project)["train.py"] != before


def test_a_notebook_is_digested_by_its_code(project):
    def cell(kind, source, **more):
        return {"cell_type": kind, "source": source, "metadata": {}, **more}

    def digest(*cells):
        put(project, "train.ipynb", json.dumps({"cells": cells, "metadata": {}}))
        return digests(project, words=["papermill", "train.ipynb"])["train.ipynb"]

    before = digest(cell("markdown", "a"), cell("code", ["x = 1\n", "y"], outputs=[], execution_count=None))
    assert digest(cell("markdown", "b"), cell("code", "x = 1\ny", outputs=[1], execution_count=3)) == before
    assert digest(cell("markdown", "a"), cell("code", ["x = 2\n", "y"], outputs=[])) != before
    put(project, "train.ipynb", "no notebook")
    assert digests(project, words=["train.ipynb"])["train.ipynb"] != before


def test_comments_in_python_change_nothing_but_elsewhere_they_do(project):
    put(project, "train.py", "x = 1\n")
    put(project, "run.sh", "x=1\n")
    before = digests(project)
    put(project, "train.py", '"""Says more."""\nx  =  1  # comment\n')
    put(project, "run.sh", "x=1 # comment\n")
    assert {name for name, digest in digests(project).items() if digest != before[name]} == {"run.sh"}


NAMES = st.lists(
    st.sampled_from(["a.py", "b.py", "p/c.py", "p/q/d.R", "e.sh", "conf.yaml", "f.c"]), unique=True, min_size=1
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=NAMES, data=st.data())
def test_editing_one_file_changes_exactly_its_digest(tmp_path_factory, files, data):
    folder = tmp_path_factory.mktemp("edited")
    cache = folder / ".cache.json"
    for number, name in enumerate(files):
        put(folder, name, f"x = {number}\n")
    before = digests(folder, cache=cache)
    assert sorted(before) == sorted(files)
    edited = data.draw(st.sampled_from(files))
    put(folder, edited, "y = 7\n")  # of the same length, a moment later
    after = digests(folder, cache=cache)
    assert {name for name in files if before[name] != after[name]} == {edited}
    assert after == digests(folder, cache=cache) == digests(folder)


def test_a_second_start_reads_and_parses_nothing(project, tmp_path, monkeypatch):
    for file in program_files(project, None).files:
        os.utime(file, (1, 1))
    cache = tmp_path / "cache.json"
    monkeypatch.setattr("seedwise.basics.file_digests._TICK", 0)
    before = digests(project, cache=cache)
    monkeypatch.setattr(sources, "_meaning", lambda file: pytest.fail(f"parsed {file}"))
    monkeypatch.setattr("seedwise.basics.file_digests.sha256", lambda file: pytest.fail(f"read {file}"))
    assert digests(project, cache=cache) == before


def test_a_file_that_was_only_touched_is_not_parsed_again(project, tmp_path, monkeypatch):
    cache = tmp_path / "cache.json"
    before = digests(project, cache=cache)
    monkeypatch.setattr(sources, "_meaning", lambda file: pytest.fail(f"parsed {file}"))
    os.utime(project / "train.py", (1, 1))
    assert digests(project, cache=cache) == before


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"a": 1}', "[[1, 2, 3]]"])
def test_a_broken_cache_is_ignored(project, tmp_path, content):
    cache = tmp_path / "cache.json"
    before = digests(project)
    cache.write_text(content)
    cache.with_suffix(".stat").write_text(content)
    assert digests(project, cache=cache) == before

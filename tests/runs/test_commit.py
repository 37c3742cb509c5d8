"""Which files the commit that a record names does not contain."""

import subprocess

import pytest

from seedwise.runs.commit import containing_commit, git_state, not_committed
from tests.command.projects import commit, git, put, repository


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "project"
    for name in ("train.py", "part/net.py", "study.yaml"):
        put(made, name)
    put(made, ".gitignore", "ignored.py\n")
    return repository(made)


def missing(folder, *names):
    found = not_committed(folder, [folder / name for name in names])
    return None if found is None else {file.relative_to(folder).as_posix(): known for file, known in found.items()}


def test_untracked_ignored_and_changed_files_are_not_in_the_commit(folder):
    assert missing(folder, "train.py", "part/net.py", "study.yaml") == {}
    put(folder, "study[1].yaml")
    put(folder, "ignored.py")
    put(folder, "part/net.py", "x = 2")
    put(folder, "staged.py")
    git(folder, "add", "staged.py")
    found = missing(folder, "train.py", "part/net.py", "study[1].yaml", "ignored.py", "staged.py")
    assert found == {"part/net.py": True, "study[1].yaml": False, "ignored.py": False, "staged.py": True}
    assert git_state(folder)[1] is True
    commit(folder)
    assert missing(folder, "part/net.py", "study[1].yaml", "staged.py") == {}


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_change_that_git_was_told_not_to_see_is_seen(folder, flag):
    git(folder, "update-index", flag, "train.py", "part/net.py", "study.yaml")
    assert missing(folder, "train.py", "part/net.py") == {}
    assert git_state(folder)[1] is False
    put(folder, "part/net.py", "x = 2")
    assert missing(folder, "train.py", "part/net.py") == {"part/net.py": True}
    assert missing(folder / "part", "net.py") == {"net.py": True}
    assert git_state(folder)[1] is True
    assert containing_commit(folder, [folder / "part/net.py"]) is None
    (folder / "study.yaml").unlink()
    assert missing(folder, "train.py") == {}, "a file that is not there, as in a sparse checkout, says nothing"


def test_results_are_no_change_whatever_git_was_told_about_patterns(folder, monkeypatch):
    """Emacs' Magit calls git with --literal-pathspecs, which hooks inherit."""
    put(folder, "results/runs.csv")
    commit(folder)
    put(folder, "results/runs.csv", "x = 2")
    assert git_state(folder)[1] is False
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    assert git_state(folder)[1] is False
    put(folder, "train.py", "x = 2")
    assert git_state(folder)[1] is True


def test_a_changed_submodule_is_seen_though_a_setting_hides_it(folder, tmp_path):
    library = repository(tmp_path / "library")
    put(library, "lib.py")
    commit(library)
    git(folder, "submodule", "add", "-q", str(library), "library")
    commit(folder)
    git(folder, "config", "submodule.library.ignore", "all")
    put(folder, "library/lib.py", "x = 3")
    assert missing(folder, "library/lib.py") == {"library/lib.py": True}
    assert git_state(folder)[1] is True


def test_a_part_of_a_repository_is_compared_with_its_commit(folder):
    put(folder, "part/new.py")
    assert missing(folder / "part", "net.py", "new.py") == {"new.py": False}


def test_files_outside_the_repository_and_in_clones_inside_are_not_in_its_commit_but_submodules_are(folder, tmp_path):
    library = repository(tmp_path / "library")
    put(library, "lib.py")
    commit(library)
    git(folder, "submodule", "add", "-q", str(library), "vendor/library")
    commit(folder)
    git(folder, "clone", "-q", str(library), "clone")
    outside = put(tmp_path, "other.yaml")
    assert missing(folder, "vendor/library/lib.py", "clone/lib.py") == {"clone/lib.py": False}
    assert not_committed(folder, [outside]) == {outside: False}
    put(folder, "vendor/library/lib.py", "x = 3")
    assert missing(folder, "vendor/library/lib.py") == {"vendor/library/lib.py": True}


def test_the_commit_that_contains_all_stays_the_same_when_other_files_are_committed(folder):
    files = [folder / name for name in ("train.py", "part/net.py", "study.yaml")]
    assert containing_commit(folder, files) == git_state(folder)[0]
    put(folder, "part/net.py", "x = 2")
    assert containing_commit(folder, files) is None
    commit(folder)
    whole = git_state(folder)[0]
    put(folder, "README.md")
    commit(folder)
    assert git_state(folder)[0] != whole
    assert containing_commit(folder, files) == whole
    assert containing_commit(folder, [*files, put(folder, "new[1].py")]) is None


def test_two_branches_are_both_contained_in_their_merge(folder):
    git(folder, "checkout", "-q", "-b", "side")
    put(folder, "train.py", "x = 2")
    commit(folder)
    git(folder, "checkout", "-q", "-")
    put(folder, "part/net.py", "x = 3")
    commit(folder)
    git(folder, "merge", "-q", "--no-edit", "side")
    assert containing_commit(folder, [folder / "train.py", folder / "part/net.py"]) == git_state(folder)[0]


def test_without_a_commit_nothing_is_known(tmp_path):
    put(tmp_path, "train.py")
    assert missing(tmp_path, "train.py") is None
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert missing(tmp_path, "train.py") is None
    assert git_state(tmp_path) == (None, None)

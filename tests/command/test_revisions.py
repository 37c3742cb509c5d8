"""Revisions of a real repository run from worktrees of their commits."""

import multiprocessing
import shutil
import subprocess
import sys

import pytest

from seedwise.basics.errors import UserError
from seedwise.trainers.command.revisions import (
    import_paths,
    lacking,
    resolve_revision,
    uncommitted,
    worktree,
)
from seedwise.trainers.command.sources import code_digests, program_files
from tests.command.environments import make, site
from tests.command.projects import commit, git, put, repository


@pytest.fixture
def folder(tmp_path):
    folder = repository(tmp_path / "repository")
    put(folder, "train.py", "x = 1")
    put(folder, "examples/char/train.py", "x = 1")
    put(folder, "examples/char/data/README.md")
    put(folder, ".gitignore", "*.txt\n")
    commit(folder)
    git(folder, "tag", "v1")
    git(folder, "checkout", "-q", "-b", "faster")
    put(folder, "train.py", "x = 2")
    put(folder, "examples/char/train.py", "x = 2")
    commit(folder)
    put(folder, "examples/char/data/corpus.txt", "abc")
    return folder


def place(folder):
    return folder / ".snakemake" / "worktrees"


def error(function, *arguments):
    with pytest.raises(UserError) as raised:
        function(*arguments)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_revision_is_a_branch_a_tag_a_commit_or_an_expression(folder):
    main = git(folder, "rev-parse", "main")
    for revision in ("main", "v1", "HEAD~1", main, main[:8], "faster^"):
        assert resolve_revision(folder / "examples", revision) == main
    git(folder, "tag", "-a", "annotated", "-m", "x", "main")
    assert resolve_revision(folder, "annotated") == main


@pytest.mark.parametrize(
    ("revision", "hint"),
    [
        ("mian", 'did you mean "main"?'),
        ("master", 'did you mean "main"?'),
        ("fastre", 'did you mean "faster"?'),
        ("xyz", "git fetch gets those of others"),
        ("--all", "git fetch gets those of others"),
        ("", "git fetch gets those of others"),
        ("HEAD:train.py", "git fetch gets those of others"),
    ],
)
def test_an_unknown_revision_is_an_error(folder, revision, hint):
    message = error(resolve_revision, folder, revision)
    assert message == f'revision: found "{revision}", which {folder} has no commit for; {hint}'


def test_a_branch_that_only_the_remote_has_is_suggested(folder, tmp_path):
    git(tmp_path, "clone", "-q", str(folder), "clone")
    assert error(resolve_revision, tmp_path / "clone", "main").endswith('; did you mean "origin/main"?')
    git(tmp_path, "clone", "-q", "--depth", "1", folder.as_uri(), "shallow")
    assert error(resolve_revision, tmp_path / "shallow", "v2").endswith("a shallow clone: git fetch --unshallow")


def test_outside_a_repository_there_are_no_revisions(tmp_path):
    assert "is in no git repository" in error(resolve_revision, tmp_path, "main")


def test_each_revision_has_its_own_code(folder):
    found = {}
    for revision in ("main", "HEAD"):
        tree = worktree(folder, resolve_revision(folder, revision), place(folder))
        found[revision] = code_digests(tree, program_files(tree, None).files, None, None)
        assert tree.parent == place(folder)
    assert found["main"].keys() == found["HEAD"].keys() == {"train.py", "examples/char/train.py"}
    assert found["main"] != found["HEAD"]
    assert found["HEAD"] == code_digests(folder, program_files(folder, None).files, None, None)
    assert git(folder, "branch", "--show-current") == "faster"


def test_a_folder_inside_the_repository_is_found_in_the_worktree_with_its_data(folder):
    inner = folder / "examples" / "char"
    put(folder, "shared.txt", "xyz")
    main = resolve_revision(inner, "main")
    tree = worktree(inner, main, place(folder), ["data", "../../shared.txt"])
    assert tree == place(folder) / main[:12] / "examples" / "char"
    assert (tree / "train.py").read_text() == "x = 1"
    assert (tree / "data" / "corpus.txt").readlink() == inner / "data" / "corpus.txt"
    assert not (tree / "data" / "README.md").is_symlink()
    assert (tree / "../../shared.txt").read_text() == "xyz"
    assert git(tree, "status", "--porcelain", "--untracked-files=no") == ""
    assert worktree(inner, main, place(folder), ["data", "../../shared.txt"]) == tree


def test_data_outside_the_repository_are_linked_beside_the_worktree(folder, tmp_path):
    put(tmp_path, "outside/x.txt", "xyz")
    main = resolve_revision(folder, "main")
    tree = worktree(folder, main, place(folder), ["../outside"])
    assert (tree / "../outside/x.txt").read_text() == "xyz"
    put(tmp_path.parent, "above.txt")
    message = error(worktree, folder, main, place(folder), ["../../above.txt"])
    assert message == 'command.data: found "../../above.txt", too far above a worktree; write an absolute path'


def test_a_worktree_is_reused_with_what_runs_left_in_it(folder):
    main = resolve_revision(folder, "main")
    tree = worktree(folder, main, place(folder))
    put(tree, "model.pt")
    worktree(folder, main, place(folder))
    assert (tree / "model.pt").exists()


def test_a_worktree_that_was_edited_is_an_error_and_keeps_the_edit(folder):
    main = resolve_revision(folder, "main")
    tree = worktree(folder, main, place(folder))
    put(tree, "train.py", "x = 3")
    message = error(worktree, folder, main, place(folder))
    assert message.startswith(f"revision {main[:12]}: train.py in {tree} was edited")
    assert (tree / "train.py").read_text() == "x = 3"
    git(tree, "checkout", "--", ".")
    assert worktree(folder, main, place(folder)) == tree


def delete(folder, tree):
    shutil.rmtree(tree)


def delete_all(folder, tree):
    shutil.rmtree(tree.parent)


def interrupt(folder, tree):
    """As a kill in the middle of the checkout leaves it."""
    tree.with_name(f"{tree.name}.made").unlink()
    (tree / "train.py").unlink()
    (folder / ".git" / "worktrees" / tree.name / "locked").write_text("initializing")


def forget(folder, tree):
    shutil.rmtree(folder / ".git" / "worktrees")


def break_link(folder, tree):
    (tree / ".git").write_text("gitdir: /nowhere\n")


def move_head(folder, tree):
    git(tree, "checkout", "-q", "faster~0")


@pytest.mark.parametrize("damage", [delete, delete_all, interrupt, forget, break_link, move_head])
def test_a_damaged_worktree_is_made_again(folder, damage):
    main = resolve_revision(folder, "main")
    tree = worktree(folder, main, place(folder))
    damage(folder, tree)
    assert worktree(folder, main, place(folder)) == tree
    assert (tree / "train.py").read_text() == "x = 1"
    assert git(tree, "status", "--porcelain") == ""


def test_processes_at_one_time_make_one_worktree(folder):
    main = resolve_revision(folder, "main")
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        trees = pool.starmap(worktree, [(folder, main, place(folder))] * 8)
    assert set(trees) == {place(folder) / main[:12]}
    assert git(folder, "worktree", "list").count("\n") == 1


def test_hooks_of_the_repository_do_not_run(folder):
    put(folder, ".git/hooks/post-checkout", "#!/bin/sh\ntouch ran\n").chmod(0o755)
    tree = worktree(folder, resolve_revision(folder, "main"), place(folder))
    assert not (tree / "ran").exists()


def test_a_folder_that_the_revision_does_not_have_is_an_error(folder):
    put(folder, "later/train.py")
    commit(folder)
    main = resolve_revision(folder, "main")
    assert error(worktree, folder / "later", main, place(folder)) == f"revision {main[:12]}: it has no folder later"


def test_submodules_are_checked_out(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "protocol.file.allow")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "always")
    library = repository(tmp_path / "library")
    put(library, "lib.py")
    commit(library)
    git(folder, "submodule", "add", "-q", str(library), "vendor")
    with_it = commit(folder)
    tree = worktree(folder, with_it, place(folder))
    assert (tree / "vendor" / "lib.py").exists()
    shutil.rmtree(place(folder))
    library.rename(tmp_path / "moved")
    message = error(worktree, folder, with_it, place(folder))
    assert message.startswith(f"revision: the submodules of {tree} cannot be fetched (")
    assert message.endswith(f"; run git -C {tree} submodule update --init --recursive")
    (tmp_path / "moved").rename(library)
    git(tree, "submodule", "update", "--init", "--recursive")
    assert worktree(folder, with_it, place(folder)) == tree


def test_changes_that_are_not_in_head_are_named(folder):
    assert uncommitted(folder) == []
    put(folder, "train.py", "x = 4")
    put(folder, "examples/char/train.py", "x = 4")
    assert uncommitted(folder) == ["examples/char/train.py", "train.py"]
    assert uncommitted(folder / "examples") == ["char/train.py"]


def test_files_that_large_file_storage_has_not_fetched_are_named(folder):
    put(folder, ".gitattributes", "*.bin filter=lfs\n")
    put(folder, "weights.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    put(folder, "small.bin", "content")
    tree = worktree(folder, commit(folder), place(folder))
    assert lacking(tree) == ["weights.bin"]
    assert lacking(worktree(folder, resolve_revision(folder, "main"), place(folder))) == []


@pytest.mark.parametrize("source", ["src", "."])
def test_a_package_that_is_installed_editable_is_imported_from_the_revision(folder, tmp_path, source):
    """Otherwise both revisions would run the code of the repository."""
    put(folder, f"{source}/own/__init__.py", "version = 'main'")
    first = commit(folder)
    put(folder, f"{source}/own/__init__.py", "version = 'faster'")
    commit(folder)
    environment = make(tmp_path / "venv")
    (site(environment) / "own.pth").write_text(f"{folder / source}\n")
    tree = worktree(folder, first, place(folder))

    def imported(paths):
        command = [environment / "bin/python", "-c", "import own; print(own.version)"]
        variables = {"PYTHONPATH": ":".join(map(str, paths))}
        return subprocess.run(
            command, env=variables, cwd="/", capture_output=True, text=True, check=True
        ).stdout.strip()

    assert imported([]) == "faster"
    assert imported(import_paths(folder, tree, [folder / source, tmp_path])) == "main"
    assert imported(import_paths(folder, tree, [folder])) == "main"
    assert import_paths(folder, tree, [tmp_path, sys.prefix and tmp_path / "venv"]) == []

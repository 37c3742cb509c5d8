"""Variants that are revisions of a repository: each runs from a git worktree of its commit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from seedwise.basics.errors import UserError
from seedwise.basics.files import hold_lock, write_text
from seedwise.basics.git import GitError, git, repository
from seedwise.basics.names import nearest, quote
from seedwise.trainers.command.isolation import data_names, link_into

WORKTREES = Path(".snakemake/seedwise/worktrees")

# Hooks of the user's repository are about her own work, not about ours.
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false")


def resolve_revision(folder: Path, revision: str) -> str:
    """Return the commit, 40 hex digits, of a branch, tag, commit or expression such as HEAD~1.

    Raises:
        UserError: `folder` is in no git repository, or there is no such revision.
    """
    _top(folder)
    try:
        found = git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return found.strip()
    except GitError:
        pass
    names = git(folder, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes").split()
    elsewhere = [name for name in names if name.endswith(f"/{revision}")]
    renamed = {"main": "master", "master": "main"}.get(revision)
    guess = elsewhere[0] if elsewhere else renamed if renamed in names else nearest(revision, names)
    shallow = git(folder, "rev-parse", "--is-shallow-repository").strip() == "true"
    remedy = "; this is a shallow clone: git fetch --unshallow" if shallow else "; git fetch gets those of others"
    hint = f"; did you mean {quote(guess)}?" if guess else remedy
    raise UserError(f"revision: found {quote(revision)}, which {folder} has no commit for{hint}")


def uncommitted(folder: Path) -> list[str]:
    """Return the tracked files below `folder` that differ from HEAD: a run of HEAD is without these changes."""
    names = git(folder, "diff", "--name-only", "-z", "--relative", "HEAD", "--", ".", ":(exclude)results").split("\0")
    return [name for name in names if name]


def worktree(folder: Path, commit: str, place: Path, link: Sequence[str] = ()) -> Path:
    """Return the folder that corresponds to `folder` in a worktree of a commit, which is made if it is not there.

    Submodules are checked out too. Of several processes one makes the worktree, and the others wait.

    Args:
        folder: where the program runs, in a git repository or in a part of it.
        commit: 40 hex digits.
        place: folder of the worktrees of all commits.
        link: `data:` and `link:` of the study; what the commit does not have of them is linked to the original.

    Raises:
        UserError: it cannot be made, or its files were edited.
    """
    top = _top(folder)
    tree = place.absolute() / commit[:12]
    done = tree.with_name(f"{tree.name}.made")
    with hold_lock(place / ".lock", on_wait=lambda: None):
        if not (done.exists() and _is_at(tree, commit)):
            done.unlink(missing_ok=True)
            _make(top, tree, commit)
            write_text(done, f"{commit}\n")
        elif edited := _edited(tree):
            raise UserError(
                f"revision {commit[:12]}: {', '.join(edited[:3])} in {tree} was edited, by hand or by the program; "
                f"commit changes of yours in {top}, and undo these with git -C {tree} checkout -- . (a program that "
                "writes into files of its own needs isolate: copy)"
            )
        _submodules(tree)
        within = os.path.relpath(folder.resolve(), top.resolve())
        working = Path(os.path.normpath(tree / within))
        if not working.is_dir():
            raise UserError(f"revision {commit[:12]}: it has no folder {within}")
        names = data_names(folder, link)
        for name in names:
            if not Path(os.path.normpath(working / name)).is_relative_to(place.absolute()):
                raise UserError(f"command.data: found {quote(name)}, too far above a worktree; write an absolute path")
        link_into(working, folder.absolute(), names)
    return working


def import_paths(folder: Path, working: Path, editable: Iterable[Path]) -> list[Path]:
    """Return the folders that have to come first on PYTHONPATH so that a worktree imports its own packages.

    A project that is installed as editable is imported from the original repository, whichever revision runs: all
    variants would run the same code.

    Args:
        folder: where the program runs otherwise.
        working: what `worktree` returned.
        editable: folders from which its Python imports (`Environment.editable`).
    """
    return imports_moved(_top(folder), _top(working), editable)


def imports_moved(original: Path, place: Path, editable: Iterable[Path]) -> list[Path]:
    """Return the folders that have to come first on PYTHONPATH so that a copy of a folder imports its own packages.

    Args:
        original: the folder.
        place: its copy.
        editable: folders from which Python imports (`Environment.editable`).
    """
    top = original.resolve()
    inside = [found.resolve() for found in editable if found.resolve().is_relative_to(top)]
    places = [place / found.relative_to(top) for found in inside]
    # An editable install of a project names the project's folder; its packages can lie in src.
    found = [source for place in places for source in (place / "src", place) if source.is_dir()]
    return list(dict.fromkeys(found))


def lacking(tree: Path) -> list[str]:
    """Return the files of a worktree that are pointers of Git LFS instead of their content."""
    attributes = tree / ".gitattributes"
    with suppress(OSError, GitError):
        if b"filter=lfs" in attributes.read_bytes():
            names = git(tree, "ls-files", "-z", "--", ":(attr:filter=lfs)").split("\0")
            return [name for name in names if name and _is_pointer(tree / name)]
    return []


def _is_pointer(file: Path) -> bool:
    with suppress(OSError), file.open("rb") as stream:
        return stream.read(40).startswith(b"version https://git-lfs")
    return False


def _top(folder: Path) -> Path:
    try:
        top = repository(folder)
    except GitError as error:
        raise UserError(f"{folder}: git cannot read its repository: {error}") from error
    if top is None:
        raise UserError(f"revision: {folder} is in no git repository, so that it has no revisions; git init makes one")
    return top


def _is_at(tree: Path, commit: str) -> bool:
    """Whether a folder is a worktree of its own at a commit."""
    try:
        top = repository(tree) if tree.is_dir() else None
        return top is not None and top.samefile(tree) and git(tree, "rev-parse", "HEAD").strip() == commit
    except GitError:  # the repository was moved
        return False


def _edited(tree: Path) -> list[str]:
    lines = git(tree, "status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=untracked").split(
        "\0"
    )
    return [line[3:] for line in lines if line]


def _make(top: Path, tree: Path, commit: str) -> None:
    tree.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        shutil.rmtree(tree)
    try:
        git(top, "worktree", "prune")
        # Forced twice: one whose making was interrupted is registered, and locked.
        git(top, *_NO_HOOKS, "worktree", "add", "--force", "--force", "--detach", str(tree), commit)
    except GitError as error:
        raise UserError(f"revision {commit[:12]}: git cannot check it out to {tree}: {error}") from error


def _submodules(tree: Path) -> None:
    """Check out the submodules that a worktree lacks; raises UserError."""
    if not (tree / ".gitmodules").is_file():
        return
    try:
        if any(line.startswith("-") for line in git(tree, "submodule", "status", "--recursive").splitlines()):
            git(tree, *_NO_HOOKS, "submodule", "update", "--quiet", "--init", "--recursive")
    except GitError as error:
        raise UserError(
            f"revision: the submodules of {tree} cannot be fetched ({error}); run "
            f"git -C {tree} submodule update --init --recursive"
        ) from error

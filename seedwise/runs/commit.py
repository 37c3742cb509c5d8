"""The commit of the user's repository from which a run was made, and what that commit does not contain."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from seedwise.basics.code_digest import is_within
from seedwise.basics.git import GitError, git

MOST_NAMED = 2000
"""Files that one command line of git names."""


_SUBMODULES = "--ignore-submodules=untracked"  # whatever the repository's settings hide of them


def git_state(folder: Path) -> tuple[str | None, bool | None]:
    """Return (commit, dirty) of the repository around `folder`, ignoring results/; (None, None) outside one."""
    try:
        commit = git(folder, "rev-parse", "HEAD").strip()
        here = ("--", ".", ":(exclude)results")
        changes = git(folder, "status", "--porcelain", "--untracked-files=no", _SUBMODULES, *here)
        return commit, bool(changes or _changed_unseen(folder, *here))
    except GitError:
        return None, None


def not_committed(folder: Path, files: Iterable[Path]) -> dict[Path, bool] | None:
    """Return those of the files that the commit of the repository around `folder` does not contain as they are.

    Each has whether git tracks it: then it was changed. None outside a repository, or before its first commit. A file
    outside the repository, or in a clone inside it, is not in the commit either.
    """
    try:
        top = Path(git(folder, "rev-parse", "--show-toplevel").removesuffix("\n"))
        changed = _names(git(top, "diff", "--name-only", "--no-renames", "--no-ext-diff", _SUBMODULES, "-z", "HEAD"))
        changed |= _changed_unseen(top)
        tracked = _names(git(top, "ls-files", "-z", "--recurse-submodules"))
    except GitError:
        return None
    # Links to folders are resolved, as git does; a file that is a link is tracked as a link.
    names = {file: os.path.relpath(file.parent.resolve() / file.name, top) for file in files}
    # A submodule that was changed is one name.
    return {file: name in tracked for file, name in names.items() if name not in tracked or is_within(name, changed)}


def containing_commit(folder: Path, files: Iterable[Path]) -> str | None:
    """Return the last commit that changed one of the files, from which on HEAD contains all of them as they are.

    None if HEAD does not, or outside a repository. Later commits of other files do not change it.
    """
    wanted = sorted({str(file.parent.resolve() / file.name) for file in files})
    if not wanted or not_committed(folder, map(Path, wanted)) != {}:
        return None
    try:
        # A file of a submodule changes with a commit that names the submodule.
        top = git(folder, "rev-parse", "--show-toplevel").removesuffix("\n")
        if len(wanted) > MOST_NAMED or Path(top, ".gitmodules").exists():
            return git(folder, "rev-parse", "HEAD").strip()
        last = git(folder, "--literal-pathspecs", "log", "-1", "--format=%H", "HEAD", "--", *wanted).strip()
    except GitError:
        return None
    return last or None


def _changed_unseen(folder: Path, *where: str) -> set[str]:
    """Return files that the commit does not contain as they are, and of which git was told not to look.

    `git update-index` has --assume-unchanged and --skip-worktree for that. Of files that a sparse checkout leaves out,
    there is nothing to see.
    """
    listed = _names(git(folder, "ls-files", "-v", "-z", "--full-name", *where))
    unseen = [name[2:] for name in listed if name[0].islower() or name[0] == "S"]
    if not unseen:
        return set()
    top = Path(git(folder, "rev-parse", "--show-toplevel").removesuffix("\n"))
    there = sorted(name for name in unseen if (top / name).is_file() and not (top / name).is_symlink())
    found: set[str] = set()
    for start in range(0, len(there), MOST_NAMED):
        some = there[start : start + MOST_NAMED]
        now = git(top, "hash-object", "--", *some).split()
        committed = (line.split("\t", 1) for line in _names(git(top, "ls-tree", "-z", "HEAD", "--", *some)))
        contained = {name: about.split()[2] for about, name in committed}
        found |= {name for name, content in zip(some, now, strict=True) if contained.get(name) != content}
    return found


def _names(listed: str) -> set[str]:
    return set(listed.split("\0")) - {""}

"""Git, asked as a program."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

# Inside a hook, git sets these to the repository of the hook, and to what it was told about patterns: Emacs' Magit
# calls it with --literal-pathspecs.
_OF_A_HOOK = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX"),
    *("GIT_IMPLICIT_WORK_TREE", "GIT_INTERNAL_SUPER_PREFIX", "GIT_NAMESPACE"),
    *("GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"),
)


class GitError(Exception):
    """Git could not do it; the message is git's own, on one line."""


class GitMissingError(GitError):
    """There is no git on this machine."""


def git(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> str:
    """Run git in a folder and return what it prints, with names as `os.fsdecode` writes them.

    Raises:
        GitError: it fails; GitMissingError if there is no git.
    """
    variables = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **(environ or {})}
    for name in _OF_A_HOOK:
        variables.pop(name, None)
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],  # noqa: S607 -- the git that the user calls
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=variables,
        )
    except FileNotFoundError as error:
        raise GitMissingError("git is not installed") from error
    if done.returncode:
        lines = [line.strip() for line in os.fsdecode(done.stderr).splitlines() if line.strip()]
        raise GitError(" ".join(lines[:3]) or f"git {arguments[0]} ended with status {done.returncode}")
    return os.fsdecode(done.stdout)


def repository(folder: Path) -> Path | None:
    """Return the top folder of the work tree around a folder; None outside one, or without git.

    Raises:
        GitError: git refuses to read the repository, as it does if another user owns it.
    """
    try:
        top = git(folder, "rev-parse", "--show-toplevel")
    except GitMissingError:
        return None
    except GitError as error:
        if "not a git repository" in str(error) or "must be run in a work tree" in str(error):
            return None
        raise
    return Path(top.removesuffix("\n"))

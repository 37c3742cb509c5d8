"""Where this Seedwise was installed from, for a reader of a report who wants the same one."""

from __future__ import annotations

import json
import re
from importlib.metadata import PackageNotFoundError, distribution
from urllib.parse import urlsplit

from seedwise import __version__
from seedwise.basics.git import GitError, git
from seedwise.basics.share import is_clone, package_folder


def install_command(extras: str) -> str:
    """Return the line that installs it, with some extras such as `run,train`.

    It names the git address that pip installed from, or that this clone has; else the version, for a package index,
    and the way from a clone. A path of this machine would help no reader.
    """
    address = _address()
    if address:
        return f'pip install "seedwise[{extras}] @ {address}"'
    return f'pip install "seedwise[{extras}]=={__version__}"  # or from a clone: pip install "./seedwise[{extras}]"'


def _address() -> str:
    """Return a git address with a commit, as pip reads it; empty where none is known."""
    if is_clone():
        try:
            url = git(package_folder(), "remote", "get-url", "origin").strip()
            return git_address(url, git(package_folder(), "rev-parse", "HEAD").strip())
        except GitError:
            return ""
    try:
        written = distribution("seedwise").read_text("direct_url.json")  # which pip writes, by PEP 610
    except PackageNotFoundError:
        return ""
    direct = json.loads(written or "{}")
    return git_address(direct.get("url", ""), direct.get("vcs_info", {}).get("commit_id", ""))


def git_address(url: str, commit: str) -> str:
    """Return an address for pip; empty for a path, an address without a commit, or one with a password in it."""
    short = re.fullmatch(r"([\w.-]+@[\w.-]+):(?!//)(.+)", url)  # as git@host:owner/name
    url = f"ssh://{short[1]}/{short[2]}" if short else url
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if not commit or parts.scheme not in ("https", "ssh") or parts.password is not None:
        return ""
    if parts.scheme == "https":  # a user's name can be a token
        url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return f"git+{url}@{commit}"

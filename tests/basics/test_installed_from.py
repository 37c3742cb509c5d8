"""The line of a report that installs the same Seedwise again."""

from __future__ import annotations

import subprocess

import pytest

from seedwise import __version__
from seedwise.basics import installed_from
from seedwise.basics.installed_from import git_address, install_command

FROM_INDEX = f'pip install "seedwise[run]=={__version__}"  # or from a clone: pip install "./seedwise[run]"'


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://example.org/lab/seedwise.git", "git+https://example.org/lab/seedwise.git@0123"),
        ("https://token@example.org/lab/seedwise", "git+https://example.org/lab/seedwise@0123"),
        ("https://me:secret@example.org/lab/seedwise", ""),
        ("git@example.org:lab/seedwise.git", "git+ssh://git@example.org/lab/seedwise.git@0123"),
        ("ssh://git@example.org/lab/seedwise", "git+ssh://git@example.org/lab/seedwise@0123"),
        ("/home/me/seedwise", ""),
        ("../seedwise", ""),
        ("file:///home/me/seedwise", ""),
        ("https://[example/seedwise", ""),
        ("", ""),
    ],
)
def test_only_addresses_that_others_can_reach_are_named_and_no_secrets(url, address):
    assert git_address(url, "0123") == address
    assert git_address(url, "") == ""


def test_a_clone_names_its_origin_and_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(installed_from, "is_clone", lambda: True)
    monkeypatch.setattr(installed_from, "package_folder", lambda: tmp_path)
    assert install_command("run") == FROM_INDEX  # no repository

    def git(*words: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
        return subprocess.run(
            ["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "a")
    assert install_command("run") == FROM_INDEX  # no remote
    git("remote", "add", "origin", "https://example.org/lab/seedwise")
    address = f"git+https://example.org/lab/seedwise@{git('rev-parse', 'HEAD').strip()}"
    assert install_command("run,train") == f'pip install "seedwise[run,train] @ {address}"'


@pytest.mark.parametrize(
    ("written", "command"),
    [
        (None, FROM_INDEX),
        ('{"url": "file:///home/me/seedwise", "dir_info": {}}', FROM_INDEX),
        (
            '{"url": "https://example.org/lab/seedwise", "vcs_info": {"vcs": "git", "commit_id": "0123"}}',
            'pip install "seedwise[run] @ git+https://example.org/lab/seedwise@0123"',
        ),
    ],
)
def test_an_installed_package_names_the_address_that_pip_noted(written, command, monkeypatch):
    class Package:
        def read_text(self, name: str) -> str | None:
            return written if name == "direct_url.json" else None

    monkeypatch.setattr(installed_from, "is_clone", lambda: False)
    monkeypatch.setattr(installed_from, "distribution", lambda _: Package())
    assert install_command("run") == command

"""`seedwise register`: registers alone, says what that means, and anchors the ledger in a git tag."""

from __future__ import annotations

import subprocess
import sys

import pytest

from seedwise.basics.git import git
from seedwise.cli import main
from seedwise.registration.ledger import read_ledger
from tests.registration.test_cheats import commit

HEAVY = ("pandas", "numpy", "scipy", "torch", "matplotlib", "snakemake")


def said(capsys, *words, status=0):
    assert main(["register", *words]) == status
    return capsys.readouterr()


def test_it_says_what_was_registered_and_once_only(blank, capsys):
    first = said(capsys, "study.yaml").out
    entry = read_ledger(blank.folder).entries[0]
    assert first.startswith("demo: registered on ")
    assert ", before any result\n" in first
    for part in (entry.hash, entry.content["plan_hash"], "2 variants × 3 seeds, score"):
        assert part in first
    assert said(capsys).out == first.replace("demo: registered", "demo: already registered")
    assert len(read_ledger(blank.folder).entries) == 1


def test_after_results_it_says_what_a_change_means(demo, capsys):
    assert "Caution" not in said(capsys).out
    demo.change("seeds: [0, 1, 2]", "seeds: [0, 1, 2, 3]")
    found = said(capsys).out
    assert ", when 6 runs had a result\n" in found
    assert "Caution: seed 3 is not in the registered plan: these verdicts will be EXPLORATORY" in found


def test_a_tag_has_the_hash_and_is_made_once(blank, capsys):
    commit(blank)
    found = said(capsys, "study.yaml", "--tag").out
    head = read_ledger(blank.folder).entries[-1]
    name = f"seedwise/demo/{head.short}"
    assert f"git push origin {name}\n" in found
    assert "Caution" not in found
    assert head.hash in git(blank.root, "tag", "--list", "--format=%(contents)", name)
    assert f"{name} has this hash already" in said(capsys, "study.yaml", "--tag").out
    assert "git push origin of-mine" in said(capsys, "study.yaml", "--tag", "of-mine").out


def test_no_commit_without_the_study_is_tagged(blank, capsys):
    commit(blank)
    blank.change("title: Demo", "title: Another")
    found = said(capsys, "study.yaml", "--tag", status=2).err
    assert "--tag: the last commit does not have study.yaml as it is now; commit it, and tag then" in found
    assert not read_ledger(blank.folder).entries
    commit(blank)
    assert "git push origin seedwise/demo/" in said(capsys, "study.yaml", "--tag").out
    tagged = git(blank.root, "tag", "--list", "--format=%(refname:short)").strip()
    assert "title: Another" in git(blank.root, "show", f"{tagged}:study.yaml")


def test_a_repository_without_a_commit_cannot_be_tagged(blank, capsys):
    git(blank.root, "init", "--quiet")
    assert "there is no commit here yet that a tag could name" in said(capsys, "study.yaml", "--tag", status=2).err


@pytest.mark.parametrize(
    ("repository", "words", "error"),
    [
        (False, ["study.yaml", "--tag"], "--tag: this folder is in no git repository"),
        (True, ["study.yaml", "--tag", "a b"], "--tag a b: fatal: 'a b' is not a valid tag name"),
        (True, ["--tag", "study.yaml"], "the study comes first: seedwise register study.yaml --tag"),
    ],
)
def test_mistakes_are_one_line(blank, capsys, repository, words, error):
    if repository:
        commit(blank)
    found = said(capsys, *words, status=2).err
    assert error in found
    assert found.count("\n") == 1


def test_it_imports_nothing_heavy(blank):
    heavy = f"[name for name in {HEAVY} if name in sys.modules]"
    code = f"import sys; from seedwise.cli import main; main(['register']); print({heavy})"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"

"""The transcript in docs/your-own.md: each of its commands, with nothing but the wheel, in a user's repository."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.installed.conftest import ROOT, Installed

pytestmark = pytest.mark.slow
PAGE = (ROOT / "docs/your-own.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"\d+(?:\.\d+)? (?:s|min|MB|kB|bytes)\b")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def lines(text: str) -> list[str]:
    """The lines of an output, without what is different on every machine."""
    return [" ".join(NUMBER.sub("some", line).split()) for line in text.splitlines() if line.strip()]


def test_every_command_prints_what_the_page_shows(installed: Installed, tmp_path: Path) -> None:
    folder = tmp_path / "characters"
    folder.mkdir()
    for name in ("train.py", "english.txt"):
        shutil.copy2(ROOT / "examples/characters" / name, folder)
    (folder / ".gitignore").write_text("results/\n.snakemake/\n")
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "Mine"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True)
    study = blocks("yaml")[0]
    assert study == (ROOT / "examples/characters/study.yaml").read_text(encoding="utf-8")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = []
    for block in blocks("console"):
        commands = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
        for command, _, expected in (text.partition("\n") for text in commands):
            program, *words = shlex.split(command)
            if program == "pip":
                continue  # the fixture has installed the wheel
            if words[0] == "check":
                (folder / "study.yaml").write_text(study, encoding="utf-8")
            answer = installed.run(folder, *words, PATH=path)
            printed = lines(answer.stdout + answer.stderr)
            missing = [line for line in lines(expected) if line not in printed]
            assert not missing, f"{command}\n{answer.stdout}{answer.stderr}"
            ran.append(words[0])
    assert ran == ["init", "try", "check", "run"]
    assert (folder / "results/characters/results.md").exists()
    again = installed.run(folder, "run", "study.yaml", "-n", PATH=path)
    assert "Nothing to be done" in again.stdout + again.stderr

"""The commands that README and the quick start print can be typed as they are, once the environment is activated."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/quick-start.md")
ACTIVATE = "source .venv/bin/activate"
INSTALL = 'pip install "seedwise[run]"'  # into whatever environment the user has
COMMANDS = ("snakemake", "seedwise")
PARTS = ("Snakefile", "config.yaml", "workflow", "seedwise", "profiles", "envs", "studies")


def code(page: str) -> list[tuple[int, str]]:
    """Every line of a fenced block, and every inline code, with its place in the page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = [match.span() for match in re.finditer(r"^ *```.*?^ *```$", text, re.DOTALL | re.MULTILINE)]
    found = [(match.start(1), match[1]) for match in re.finditer(r"`([^`\n]+)`", text)]
    found = [item for item in found if not any(start <= item[0] < end for start, end in blocks)]
    for start, end in blocks:
        found += [(start + match.start(), match[0].strip()) for match in re.finditer(r".+", text[start:end])]
    return sorted(found)


def commands(page: str) -> list[tuple[int, str]]:
    """The command lines of a page that start with the bare name of a program that make installs."""
    bare = [(place, line) for place, line in code(page) if line.split(" ")[0] in COMMANDS and " " in line]
    return [(place, shlex.join(shlex.split(line, comments=True))) for place, line in bare]


PRINTED = sorted({line for page in PAGES for _, line in commands(page)})


def cheap(line: str) -> str:
    """A command that fails as this one would if a program or an option were missing, and does next to nothing."""
    program, *arguments = shlex.split(line)
    if program == "snakemake":
        return f"{line} --dry-run"
    return shlex.join([program, next(word for word in arguments if not word.startswith("-")), "--help"])


@pytest.mark.parametrize("page", PAGES)
def test_the_environment_is_activated_before_the_first_bare_command(page: str) -> None:
    activation = min(place for place, line in code(page) if line == ACTIVATE or line.startswith(INSTALL))
    printed = commands(page)
    assert printed
    assert activation < printed[0][0]


def test_commands_are_found() -> None:
    assert "snakemake --cores 4 --configfile studies/quick.yaml" in PRINTED
    assert "seedwise compare results/fashion-mnist results/cifar10" in PRINTED


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a dry run needs of the repository, so that it writes nothing into the repository itself."""
    folder = tmp_path_factory.mktemp("clone")
    for part in PARTS:
        source = ROOT / part
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, folder / part, ignore=ignored) if source.is_dir() else shutil.copy2(source, folder)
    shutil.copy2(folder / "config.yaml", folder / "studies" / "mine.yaml")  # as the quick start says
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("line", PRINTED)
def test_a_printed_command_is_found_and_understood(line: str, clone: Path) -> None:
    if not (ROOT / ".venv" / "bin" / "activate").is_file():
        pytest.skip("there is no .venv; make study, or make test, makes it")
    environment = {"HOME": os.environ.get("HOME", str(clone)), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    script = f"cd {shlex.quote(str(ROOT))} && {ACTIVATE} && cd {shlex.quote(str(clone))} && {cheap(line)}"
    answer = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert "command not found" not in answer.stderr
    assert answer.returncode == 0, answer.stdout + answer.stderr
    if line.startswith("seedwise"):
        assert [word for word in shlex.split(line) if word.startswith("--") and word not in answer.stdout] == []

"""The targets of the Makefile, as users call them, in a folder with the environment of these tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z -]+):.* ## ", MAKEFILE, re.MULTILINE)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the Makefile, two studies and an environment."""
    (tmp_path / "Makefile").write_text(MAKEFILE)
    for name in ("config.yaml", "studies/quick.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text())
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def make(clone: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Call make; `-o` stands for an environment that is up to date."""
    return subprocess.run(
        ["make", "-o", ".venv/.study", "--no-print-directory", *words],
        cwd=clone,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SHELL": "/bin/sh"},
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def planned(clone: Path, *words: str) -> str:
    """The commands of a target."""
    answer = make(clone, "--dry-run", *words)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


def ran_last(clone: Path, study: str) -> None:
    (clone / "results").mkdir(exist_ok=True)
    (clone / "results/.last-study").write_text(f"{study}\n")


def test_a_plain_make_lists_every_target_and_does_nothing_else(clone: Path) -> None:
    answer = make(clone)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert len(TARGETS) > 15
    for target in TARGETS:
        assert re.search(rf"^  {target} +\S", answer.stdout, re.MULTILINE), target
    assert make(clone, "help").stdout == answer.stdout


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["study"], "seedwise run config.yaml --resources gpu=1"),
        (["run"], "seedwise run config.yaml --resources gpu=1"),
        (["study", "STUDY=studies/mine.yaml"], "seedwise run studies/mine.yaml --resources gpu=1"),
        (["quick", "CORES=3"], "seedwise run studies/quick.yaml --cores 3 --resources gpu=1"),
        (["status"], "seedwise status config.yaml"),
        (["status", "STUDY=studies/mine.yaml"], "seedwise status studies/mine.yaml"),
        (["interim", "STUDY=studies/mine.yaml"], "seedwise interim studies/mine.yaml"),
        (["open", "STUDY=studies/mine.yaml"], "seedwise open studies/mine.yaml"),
        (["study", "STUDY=my studies/a.yaml"], "seedwise run 'my studies/a.yaml' --resources gpu=1"),
        (["status", "STUDY=my studies/a.yaml"], "seedwise status 'my studies/a.yaml'"),
        (["try", "STUDY=studies/mine.yaml", "CORES=2"], "seedwise try studies/mine.yaml --cores 2"),
    ],
)
def test_targets_take_a_study_and_use_all_cores_unless_told_otherwise(
    clone: Path, words: list[str], command: str
) -> None:
    assert planned(clone, *words) == f".venv/bin/{command}"


@pytest.mark.parametrize("target", ["status", "interim", "open", "report"])
def test_targets_that_look_mean_the_study_that_was_run_last(clone: Path, target: str) -> None:
    ran_last(clone, "studies/quick.yaml")
    assert "studies/quick.yaml" in planned(clone, target)
    assert "config.yaml" not in planned(clone, target)
    assert "config.yaml" in planned(clone, target, "STUDY=config.yaml")
    assert planned(clone, "study").endswith("run config.yaml --resources gpu=1")
    spaced = clone / "my studies/it's mine.yaml"
    spaced.parent.mkdir()
    spaced.touch()
    ran_last(clone, "my studies/it's mine.yaml")
    assert "'my studies/it'\\''s mine.yaml'" in planned(clone, target)
    ran_last(clone, "studies/deleted.yaml")
    assert "config.yaml" in planned(clone, target)


def test_status_and_interim_speak_of_the_study_that_was_run_last(clone: Path) -> None:
    ran_last(clone, "studies/quick.yaml")
    assert make(clone, "status").stdout.startswith("Study quick: 0 of 6 runs finished, 6 missing\n")
    answer = make(clone, "interim")
    assert answer.returncode != 0
    first, *rest = answer.stderr.splitlines()
    assert first == "seedwise: study quick: no run has ended yet; run them: seedwise run studies/quick.yaml"
    assert len(rest) == 1, "make's own line"
    missing = make(clone, "status", "STUDY=studies/qick.yaml").stderr
    assert missing.startswith("seedwise: studies/qick.yaml: no such file; did you mean studies/quick.yaml?\n")


def test_the_old_name_of_the_variable_is_refused_with_the_new_one(clone: Path) -> None:
    answer = make(clone, "report", "CONFIGFILE=studies/quick.yaml")
    assert answer.returncode != 0
    assert "CONFIGFILE is called STUDY now: make report STUDY=studies/quick.yaml" in answer.stderr


def test_a_shell_has_the_commands(clone: Path) -> None:
    answer = make(clone, "shell", given="command -v snakemake; command -v seedwise\n")
    assert answer.returncode == 0, answer.stderr
    found = [Path(line).resolve() for line in answer.stdout.split()]
    assert found == [(Path(sys.prefix) / "bin" / name).resolve() for name in ("snakemake", "seedwise")]

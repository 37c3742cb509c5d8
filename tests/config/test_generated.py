"""`make generated`, a part of `make check`, fails if a generated file is out of date."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # processes of make

ROOT = Path(__file__).parents[2]


@pytest.fixture
def make(tmp_path):
    """Return a function that runs make in a copy of the package and of the generated files."""
    for part in ("seedwise", "workflow/schemas", "docs", "benchmarks"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy2(ROOT / file, tmp_path / file)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (tmp_path / ".venv" / ".study").touch()

    def make(target):
        # a make that runs the tests leaves its own options and level behind, which make the inner one print more
        outer = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        environment = {**outer, "PYTHONPATH": str(tmp_path)}
        return subprocess.run(
            ["make", target], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return make


def test_a_stale_generated_file_fails_once_and_is_regenerated(make, tmp_path):
    page = tmp_path / "docs" / "configuration.md"
    right = page.read_text(encoding="utf-8")
    assert make("generated").returncode == 0
    page.write_text(right.replace("| needed |", "| wanted |"), encoding="utf-8")
    answer = make("generated")
    assert answer.returncode != 0
    expected = "Stale generated files: docs/configuration.md. They have just been regenerated: commit them."
    assert answer.stdout.splitlines()[-1] == expected
    assert page.read_text(encoding="utf-8") == right
    assert make("generated").returncode == 0


def test_all_generated_files_can_be_made_from_scratch(make, tmp_path):
    schemas = [f"workflow/schemas/{name}.schema.json" for name in ("config", "run-record", "findings")]
    files = [*schemas, "docs/configuration.md", "benchmarks/README.md", "benchmarks/gpu.md"]
    for file in files:
        (tmp_path / file).unlink()
    assert make("generate").returncode == 0
    assert [(tmp_path / file).read_bytes() for file in files] == [(ROOT / file).read_bytes() for file in files]


def test_a_generator_that_fails_fails_the_check(make, tmp_path):
    (tmp_path / "benchmarks" / "trend.json").write_text('{"processors": {"a": {}}}', encoding="utf-8")
    answer = make("generated")
    assert answer.returncode != 0
    assert "KeyError" in answer.stderr

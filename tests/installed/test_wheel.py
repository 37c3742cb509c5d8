"""What the wheel brings, and what it needs."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.installed.conftest import LIMIT, ROOT, Installed, copy_sources, pip, plain_environment, run

TABLE = "variant,seed,score\nA,0,0.842\nA,1,0.838\nA,2,0.851\nB,0,0.861\nB,1,0.855\nB,2,0.858\n"
WITHOUT = """
import sys


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing}:
            raise ModuleNotFoundError(name, name=name)


sys.meta_path.insert(0, Missing())
from seedwise.cli import main

sys.exit(main({command}))
"""
TREE = ("Snakefile", "workflow/rules", "workflow/scripts", "workflow/report", "workflow/schemas", "profiles", "envs")


def files_of_the_workflow() -> set[str]:
    listed = subprocess.run(["git", "ls-files", "-z", *TREE], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a clone of git's")
    return set(listed.stdout.split("\0")) - {""}


@pytest.mark.slow
def test_the_wheel_has_every_file_of_the_workflow_and_every_template(installed):
    with zipfile.ZipFile(installed.wheel) as wheel:
        names = set(wheel.namelist())
    shared = {name.partition(".data/data/share/seedwise/")[2] for name in names if ".data/data/share/" in name}
    assert shared == files_of_the_workflow()
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "seedwise").rglob("*") if path.is_file()}
    assert {name for name in package if "__pycache__" not in name} <= names


@pytest.mark.slow
def test_scripts_of_the_profiles_can_be_executed(installed):
    scripts = list((installed.share / "profiles").rglob("*.sh"))
    assert len(scripts) == 4
    assert all(os.access(script, os.X_OK) for script in scripts)


@pytest.mark.slow
def test_the_workflow_is_found_however_the_package_is_installed(installed, tmp_path):
    find = [sys.executable, "-S", "-c", "from seedwise.basics import share; print(share.home())"]
    pip("install", "--no-deps", "--no-index", "--target", tmp_path / "target", installed.wheel)
    pip("install", "--no-deps", "--no-index", "--ignore-installed", "--prefix", tmp_path / "prefix", installed.wheel)
    packages = next((tmp_path / "prefix").glob("lib/*/site-packages"))
    for folder, expected in ((tmp_path / "target", "target"), (packages, "prefix")):
        assert run(find, tmp_path, PYTHONPATH=str(folder)).stdout == f"{tmp_path / expected / 'share/seedwise'}\n"


@pytest.mark.slow
def test_an_incomplete_installation_is_said_in_one_line(installed, tmp_path):
    pip("install", "--no-deps", "--no-index", "--target", tmp_path, installed.wheel)
    (tmp_path / "share/seedwise/Snakefile").unlink()
    inside = "import sys; sys.prefix = '/nowhere'; from seedwise.cli import main; sys.exit(main(['run', '--help']))"
    answer = run([sys.executable, "-S", "-c", inside], tmp_path)
    assert answer.returncode == 2
    assert answer.stderr.startswith("seedwise: the package in ")
    assert "install it again: pip install --force-reinstall" in answer.stderr


@pytest.mark.slow
def test_analyse_needs_neither_torch_nor_snakemake_nor_what_windows_lacks(installed, tmp_path):
    (tmp_path / "results.csv").write_text(TABLE)
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    base = {name.split(">")[0] for name in declared["dependencies"]}
    extras = {"torch", "torchvision", "snakemake", "wandb", "mlflow", "markdown_it", "vl_convert"}
    assert not extras & base
    command = ["analyse", "results.csv", "--metric", "score", "--baseline", "A", "--out", "report"]
    answer = installed.run_python(tmp_path, WITHOUT.format(missing=extras | {"fcntl"}, command=command))
    assert answer.returncode == 0, answer.stderr
    assert "BETTER" in answer.stdout
    assert (tmp_path / "report/results.md").is_file()


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def call_module(module: str, *arguments: str | Path) -> str:
    command = [sys.executable, "-m", module, *arguments]
    answer = subprocess.run(
        command, env=plain_environment(), capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@pytest.mark.slow
def test_the_source_distribution_makes_the_same_wheel_and_both_can_be_published(
    installed: Installed, tmp_path: Path
) -> None:
    pytest.importorskip("build", reason="there is no build; make test installs it")
    pytest.importorskip("twine", reason="there is no twine; make test installs it")
    made = tmp_path / "dist"
    call_module("build", "--no-isolation", "--outdir", made, copy_sources(tmp_path / "source"))
    (source,), (wheel,) = made.glob("*.tar.gz"), made.glob("*.whl")  # the wheel is built from the source distribution
    assert contents(wheel) == contents(installed.wheel)
    printed = call_module("twine", "check", "--strict", source, wheel)
    assert printed.count("PASSED") == 2

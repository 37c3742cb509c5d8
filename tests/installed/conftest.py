"""Seedwise as a user installs it: a wheel in a virtual environment of its own, and folders that are no clone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from seedwise.basics.files import hold_lock

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("pyproject.toml", "README.md", "LICENSE", "Snakefile", "seedwise", "workflow", "profiles", "envs")
LIMIT = 600  # against hanging only


@dataclass(frozen=True)
class Installed:
    """A virtual environment into which the wheel was installed."""

    wheel: Path
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin/python"

    @property
    def share(self) -> Path:
        return self.folder / "share/seedwise"

    def run(self, folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `seedwise` in a folder, in an environment that knows nothing of the clone or the tests."""
        return run([self.folder / "bin/seedwise", *command], folder, **environment)

    def run_python(self, folder: Path, program: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the environment's Python."""
        return run([self.python, "-c", program], folder)


def run(command: list[str | Path], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with the plain environment and some more variables."""
    return subprocess.run(
        command,
        cwd=folder,
        env=plain_environment() | environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def plain_environment() -> dict[str, str]:
    """The test's environment without a clone, a display, or what an enclosing workflow has set."""
    gone = ("SEEDWISE_", "PYTHON", "DISPLAY", "WAYLAND_DISPLAY", "VIRTUAL_ENV")
    return {key: value for key, value in os.environ.items() if not key.startswith(gone)}


def pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True, env=plain_environment(), capture_output=True, timeout=LIMIT)


def copy_sources(folder: Path) -> Path:
    """Copy what distributions are built from into a new folder."""
    folder.mkdir(parents=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / part, folder)
    return folder


def build_wheel(folder: Path) -> Path:
    """Build a wheel from a copy: setuptools would leave build/ in the repository, and take stale files from there."""
    source = copy_sources(folder / "source")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(folder_of_all_workers) -> Installed:
    """The wheel, built once for all workers; its dependencies are those of the tests, which are not installed again.

    The environment's path has a space in it.
    """
    home = folder_of_all_workers / "installed"
    with hold_lock(folder_of_all_workers / ".installed.lock", lambda: None):
        made = Installed(next(home.glob("*.whl"), home), home / "an environment")
        if not made.python.exists():
            home.mkdir()
            made = Installed(build_wheel(home), home / "an environment")
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", made.folder], check=True, timeout=LIMIT)
            pip("--python", made.python, "install", "--no-deps", "--no-index", made.wheel)
            packages = made.folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
            # Last on the path. The clone is not: a .pth file in this folder is not read.
            (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return made

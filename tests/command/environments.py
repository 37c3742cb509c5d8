"""Real virtual environments with packages that were installed by writing what pip writes."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path


def make(folder: Path) -> Path:
    """Make a virtual environment without pip."""
    venv.create(folder, symlinks=True, with_pip=False)
    return folder


def site(environment: Path) -> Path:
    return environment / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


def install(environment: Path, name: str, version: str, **files: str) -> Path:
    """Install a package that consists of its metadata."""
    info = site(environment) / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    for file, text in files.items():
        (info / file.replace("_json", ".json")).write_text(text)
    return info


def script(environment: Path, name: str, first: str | None = None) -> Path:
    """Install a console script, with pip's first line unless another is given."""
    file = environment / "bin" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    first = f"#!{environment}/bin/python" if first is None else first
    file.write_text(f"{first}\nprint('hello')\n")
    file.chmod(0o755)
    return file


def path(*places: Path) -> str:
    return os.pathsep.join(map(str, places))

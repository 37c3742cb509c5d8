"""Where the files that Snakemake reads are: Snakefile, rules, scripts, profiles and conda environments.

In a clone they lie beside the package. An installed package brings them along, in `share/seedwise`, with the same tree.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import seedwise
from seedwise.basics.errors import UserError

SHARE = Path("share/seedwise")


def package_folder() -> Path:
    """Return the folder that contains the package: the root of a clone, or a site-packages folder."""
    return Path(seedwise.__file__).resolve().parents[1]


def is_clone() -> bool:
    """Whether the package is that of a clone, not an installed one."""
    return (package_folder() / "Snakefile").is_file()


def home() -> Path:
    """Return the folder that contains the Snakefile, `workflow/`, `profiles/` and `envs/`.

    Raises:
        UserError: the installation is incomplete.
    """
    for folder in _candidates():
        if (folder / "Snakefile").is_file():
            return folder
    raise UserError(
        f"the package in {package_folder()} lacks its workflow (share/seedwise/Snakefile); install it again: "
        "pip install --force-reinstall --no-deps seedwise"
    )


def _candidates() -> Iterator[Path]:
    yield package_folder()
    yield package_folder() / SHARE  # pip install --target
    from importlib.metadata import PackageNotFoundError, files  # not needed in a clone

    try:
        installed = files("seedwise") or []
    except PackageNotFoundError:
        installed = []
    # The installer's own list is right for every scheme: a virtual environment, --user, a distribution's Python.
    yield from (Path(str(file.locate())).resolve().parent for file in installed if file.name == "Snakefile")
    yield Path(sys.prefix) / SHARE

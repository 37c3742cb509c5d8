"""What a program reads and no study says: variables that were exported, and files that are neither code nor data.

Both may decide its numbers, and change between two runs. Only what the code names in so many words is found.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from seedwise.basics.file_digests import FileDigests
from seedwise.basics.secrets import is_secret_name, masked

_MOST_BYTES = 1 << 20  # of a file of code that is looked at
_MOST_FILES = 100
_QUOTED = re.compile(r"""(["'])([^"'\n\0{}]{1,200})\1""")
_NAME = r"([A-Za-z_]\w*)"
_READ = re.compile(
    rf"environ(?:b?\.(?:get|pop|setdefault))?\s*[\[(]\s*[\"']{_NAME}[\"']"  # Python
    rf"|getenv\(\s*[\"']{_NAME}[\"']"  # Python, R, C
    rf"|process\.env(?:\.|\[\s*[\"']){_NAME}"  # JavaScript
    rf"|\bENV\s*[\[(]\s*[\"']{_NAME}[\"']"  # Julia, Ruby
)
_IN_SHELL = re.compile(r"\$\{?([A-Z_][A-Z0-9_]*)\b")
_ASSIGNED = re.compile(r"^\s*(?:export\s+)?([A-Z_][A-Z0-9_]*)=", re.MULTILINE)
# Of the machine, the session, the job or the process, or set by Seedwise: not what anybody exports to change numbers.
_PASSED_OVER = re.compile(
    r"SEEDWISE_.*|WANDB_.*|MLFLOW_.*|SLURM_.*|PBS_.*|XDG_.*|LC_.*|[A-Z]+_NUM_THREADS|CUDA_VISIBLE_DEVICES|PATH|PYTHONPATH"
    r"|PYTHONUNBUFFERED|HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|TMPDIR|TEMP|TMP|TERM|COLUMNS|LINES|DISPLAY|HOSTNAME|LANG|EDITOR"
    r"|VIRTUAL_ENV|CONDA_PREFIX|CI|(?:LOCAL_|GROUP_|NODE_)?RANK|(?:LOCAL_)?WORLD_SIZE|MASTER_(?:ADDR|PORT)",
)


class Named(NamedTuple):
    """What code names: variables that it reads, and files that exist, by the name that it gives them."""

    variables: list[str]
    files: dict[str, Path]


def named_by(code: Iterable[Path], folder: Path, without: Iterable[Path] = ()) -> Named:
    """Return what a program's code names beside itself.

    Args:
        code: its files.
        folder: where it runs.
        without: files and folders that do not count, such as its data.
    """
    variables, files, code = set[str](), dict[str, Path](), list(code)
    passed_over = [os.path.realpath(path) for path in (*code, *without)]
    for file in code:
        with suppress(OSError, UnicodeDecodeError):
            if file.stat().st_size > _MOST_BYTES:
                continue
            text = file.read_text(encoding="utf-8")
            variables.update(name for match in _READ.finditer(text) for name in match.groups() if name)
            if file.suffix in (".sh", ".bash"):
                variables.update(set(_IN_SHELL.findall(text)) - set(_ASSIGNED.findall(text)))
            for _, name in _QUOTED.findall(text):
                if len(files) < _MOST_FILES and name not in files and _is_input(folder / name, passed_over):
                    files[name] = folder / name
    return Named(sorted(name for name in variables if not _PASSED_OVER.fullmatch(name)), files)


def _is_input(path: Path, passed_over: Iterable[str]) -> bool:
    with suppress(OSError, ValueError):
        if path.is_file() and not is_secret_name(path.stem):
            real = Path(os.path.realpath(path))
            return not any(real.is_relative_to(place) for place in passed_over)
    return False


def digests_of_variables(names: Iterable[str], variables: Mapping[str, str]) -> dict[str, str | None]:
    """Return a digest of the value of each variable, and None of one that is not set; those of secrets are left out."""
    return {
        name: None if (value := variables.get(name)) is None else hashlib.sha256(value.encode()).hexdigest()[:12]
        for name in names
        if not is_secret_name(name) and masked(name, variables.get(name, "")) == variables.get(name, "")
    }


def digests_of_files(files: Mapping[str, Path], cache: Path) -> dict[str, str]:
    """Return a digest of the content of each file that can be read."""
    contents, found = FileDigests(cache), {}
    for name, path in files.items():
        with suppress(OSError):
            found[name] = contents.sha256(path)[:12]
    contents.save()
    return found

"""Variables that a program inherits and reads: what was exported may decide its numbers, and no study says so."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from seedwise.basics.secrets import is_secret_name, masked

MOST_BYTES = 1 << 20
"""Size of the largest file of code that is looked at."""
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


def read_by(files: Iterable[Path]) -> list[str]:
    """Return the names of the variables that code reads, as far as they stand in it."""
    found: set[str] = set()
    for file in files:
        with suppress(OSError, UnicodeDecodeError):
            if file.stat().st_size > MOST_BYTES:
                continue
            text = file.read_text(encoding="utf-8")
            found.update(name for match in _READ.finditer(text) for name in match.groups() if name)
            if file.suffix in (".sh", ".bash"):
                found.update(set(_IN_SHELL.findall(text)) - set(_ASSIGNED.findall(text)))
    return sorted(name for name in found if not _PASSED_OVER.fullmatch(name))


def digests(names: Iterable[str], variables: Mapping[str, str]) -> dict[str, str | None]:
    """Return a digest of the value of each variable, and None of one that is not set; those of secrets are left out."""
    return {
        name: None if (value := variables.get(name)) is None else hashlib.sha256(value.encode()).hexdigest()[:12]
        for name in names
        if not is_secret_name(name) and masked(name, variables.get(name, "")) == variables.get(name, "")
    }

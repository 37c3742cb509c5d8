"""What a program reads and no study says: variables that were exported, and files that are neither code nor data.

Both may decide its numbers, and change between two runs. Only what the code names in so many words is found.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from seedwise.basics.file_digests import FileDigests
from seedwise.basics.secrets import is_secret_name, masked

_MOST_BYTES = 1 << 20  # of a file of code that is looked at
_MOST_FILES = 100
_LARGEST_FILE = 100_000_000  # bytes of a named file; docs/your-own.md says it
_QUOTED = re.compile(r"""(["'])([^"'\n\0{}]{1,200})\1""")
_NAME = r"([A-Za-z_]\w*)"
_NOT_SET = r"(?![\"']?\s*\]?\s*=[^=~])"  # environ["X"] = 1 does not read X
_READ = re.compile(
    rf"environ(?:b?\.(?:get|pop|setdefault))?\s*[\[(]\s*[\"']{_NAME}[\"']{_NOT_SET}"  # Python
    rf"|getenv\(\s*[\"']{_NAME}[\"']"  # Python, R, C
    rf"|process\.env(?:\.|\[\s*[\"']){_NAME}\b{_NOT_SET}"  # JavaScript
    rf"|\bENV\s*[\[(]\s*[\"']{_NAME}[\"']{_NOT_SET}"  # Julia, Ruby
)
_IN_SHELL = re.compile(r"\$\{?([A-Z_][A-Z0-9_]*)\b")
_COMMAND = r"(?:^|[;&|(]|\{[ \t]|\b(?:do|then|else|while|until|if)\b)[ \t]*"
_ASSIGNED = re.compile(rf"{_COMMAND}(?:export[ \t]+)?([A-Z_][A-Z0-9_]*)=", re.MULTILINE)
_LOOPED_OVER = re.compile(rf"{_COMMAND}(?:for|select)[ \t]+(?:\(\([ \t]*)?([A-Z_][A-Z0-9_]*)\b", re.MULTILINE)
_TEXT = r"""(?:"[^"\n]*"|'[^'\n]*')"""
_DECLARED = re.compile(
    rf"{_COMMAND}(?:IFS=(?:{_TEXT}|\S*)[ \t]+)?(?:read|local|declare|typeset|readonly)\b((?:{_TEXT}|[^;&|<)\n])*)",
    re.MULTILINE,
)
_DECLARED_NAME = re.compile(r"(?<!\S)[A-Z_][A-Z0-9_]*(?=[\s=]|$)")
_OF_THE_SYSTEM = ("/proc", "/sys", "/etc")
# Of the machine, the session, the job or the process, or set by Seedwise: not what anybody exports to change numbers.
_PASSED_OVER = re.compile(
    r"SEEDWISE_.*|WANDB_.*|MLFLOW_.*|SLURM_.*|PBS_.*|LSB_.*|SGE_.*|OMPI_.*|PMIX?_.*|XDG_.*|LC_.*|[A-Z]+_NUM_THREADS"
    r"|[A-Z]+_VISIBLE_DEVICES|PATH|PYTHONPATH|PYTHONUNBUFFERED|HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|TMPDIR|TEMP|TMP"
    r"|TERM|COLUMNS|LINES|DISPLAY|HOSTNAME|LANG|EDITOR|VIRTUAL_ENV|CONDA_PREFIX|CI|(?:LOCAL_|GROUP_|NODE_)?RANK|(?:LOCAL_)?WORLD_SIZE|MASTER_(?:ADDR|PORT)",
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
    variables, quoted, code = set[str](), dict[str, None](), list(code)
    for file in code:
        with suppress(OSError, UnicodeDecodeError):
            if file.stat().st_size > _MOST_BYTES:
                continue
            text = file.read_text(encoding="utf-8")
            variables.update(name for match in _READ.finditer(text) for name in match.groups() if name)
            if file.suffix in (".sh", ".bash"):
                variables.update(set(_IN_SHELL.findall(text)) - _set_in_shell(text))
            quoted |= dict.fromkeys(name for _, name in _QUOTED.findall(text))
    passed_over = [os.path.realpath(path) for path in (*code, *without)]
    passed_over += _OF_THE_SYSTEM
    files = ((name, folder / name) for name in quoted if _is_input(folder / name, passed_over))
    return Named(
        sorted(name for name in variables if not _PASSED_OVER.fullmatch(name)), dict(islice(files, _MOST_FILES))
    )


def _set_in_shell(text: str) -> set[str]:
    """Return the variables that a script of the shell sets itself."""
    declared = " ".join(re.sub(_TEXT, "", words) for words in _DECLARED.findall(text))
    return {*_ASSIGNED.findall(text), *_LOOPED_OVER.findall(text), *_DECLARED_NAME.findall(declared)}


def _is_input(path: Path, passed_over: Iterable[str]) -> bool:
    with suppress(OSError, ValueError):
        if path.is_file() and not is_secret_name(path.stem):
            # The name counts too: /etc/localtime is a link to a file elsewhere.
            places = Path(os.path.normpath(path)), Path(os.path.realpath(path))
            return not any(place.is_relative_to(other) for place in places for other in passed_over)
    return False


def digests_of_variables(names: Iterable[str], variables: Mapping[str, str]) -> dict[str, str | None]:
    """Return a digest of the value of each variable, and None of one that is not set; those of secrets are left out."""
    return {
        name: None if (value := variables.get(name)) is None else hashlib.sha256(os.fsencode(value)).hexdigest()[:12]
        for name in names
        if not is_secret_name(name) and masked(name, variables.get(name, "")) == variables.get(name, "")
    }


class _Stamp(NamedTuple):
    """What changes with the content of a file."""

    size: int
    changed: int
    inode: int


def _stamp(path: Path) -> _Stamp | None:
    """Return the stamp of a file; None if it cannot be read, or is too large to be digested for every run."""
    with suppress(OSError):
        status = path.stat()
        if status.st_size <= _LARGEST_FILE:
            return _Stamp(status.st_size, status.st_mtime_ns, status.st_ino)
    return None


class Undeclared:
    """What a program's code names and its study does not say, as it was while the program ran.

    It is only for the information of the report: whatever goes wrong here fails no run.

    Args:
        find: returns what the code names.
        variables: the program's environment.
        cache: of digests of files.
        say: takes lines of progress.

    Attributes:
        exported: digests of the variables.
    """

    def __init__(
        self, find: Callable[[], Named], variables: Mapping[str, str], cache: Path, say: Callable[[str], None]
    ) -> None:
        self.exported: dict[str, str | None] = {}
        self._before: dict[str, tuple[Path, _Stamp]] = {}
        self._cache, self._say = cache, say
        with self._harmless():
            named = find()
            self.exported = digests_of_variables(named.variables, variables)
            self._before = {name: (path, stamp) for name, path in named.files.items() if (stamp := _stamp(path))}

    def unchanged_files(self) -> dict[str, str]:
        """Return digests of the files that have not changed since, which are none that the program writes."""
        found: dict[str, str] = {}
        with self._harmless():
            unchanged = {name: path for name, (path, stamp) in self._before.items() if _stamp(path) == stamp}
            if unchanged:
                contents = FileDigests(self._cache)
                for name, path in unchanged.items():
                    with suppress(OSError):
                        digest = contents.sha256(path)[:12]
                        if _stamp(path) == self._before[name][1]:  # another run may write it just now
                            found[name] = digest
                contents.save()
        return found

    @contextmanager
    def _harmless(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # Not the error's text: it may hold the value of a variable.
            with suppress(Exception):
                self._say(f"what the program reads beside its code was not noted ({type(error).__name__})")

"""Which study a command is about: the file that was named, the one that was run last, or the only one here."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from seedwise.basics.errors import UserError
from seedwise.config.last_study import remembered_study

SUFFIXES = (".yaml", ".yml")
RESULTS = Path("results")
_KEYS = tuple(re.compile(rf"^[\"']?{key}[\"']?\s*:", re.MULTILINE) for key in ("study", "seeds"))
_TAKE_A_FILE = ("--snakefile", "-s", "--profile", "--workflow-profile", "--report-metadata", "--report-stylesheet")


def add_study(parser: argparse.ArgumentParser, *, last: bool = False) -> None:
    """Add the argument STUDY; `last`: the command is about runs, so that it means the last study by default."""
    default = "the one that was run last, or the only one here" if last else "the only one here"
    parser.add_argument("study", metavar="STUDY", nargs="?", help=f"the study's YAML file; default: {default}")


def add_why(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the flag --why, which is required; `what` is asked of it, as in `why the study is changed`."""
    # argparse would report a missing one before a mistake in the study, and would not say what is asked.
    parser.usage = "%(prog)s [-h] [STUDY] --why REASON"
    parser.add_argument("--why", metavar="REASON", help=what)


def reason(given: str | None, what: str, example: str) -> str:
    """Return the reason that --why gives, on one line.

    Args:
        given: its value.
        what: what is asked of it.
        example: a reason, for the message.

    Raises:
        UserError: there is none.
    """
    from seedwise.basics.names import one_line

    words = (given or "").strip()
    if not words:
        raise UserError(f'--why is missing: say {what}, as in --why "{example}"')
    return one_line(words)


def require_posix() -> None:
    """Refuse Windows.

    Raises:
        UserError: this is Windows.
    """
    if sys.platform == "win32":
        raise UserError("studies cannot be run on Windows, which lacks the file locks that they need: use WSL")


def require_yaml(path: Path) -> None:
    """Refuse a file that is not YAML here, where the line can be named; Snakemake does not say it.

    Raises:
        UserError: it is no YAML, or holds no keys.
    """
    from seedwise.config.positions import read_document

    if isinstance(read_document(path).data, dict):
        return
    from seedwise.config.reading import read_yaml

    read_yaml(path)


def is_study(path: Path) -> bool:
    """Whether a YAML file has the top-level keys of a study, whatever mistakes are in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    return all(key.search(text) for key in _KEYS)


def find_study(given: str | None, command: str, *, last: bool = False) -> Path:
    """Return the file of a study.

    Args:
        given: the file, or None for the only study in the working folder.
        command: the command line up to the study, for messages.
        last: whether None means the study that was run last, where one was.

    Raises:
        UserError: there is no such file, or there is not exactly one study.
    """
    if given is None:
        return (remembered_study(RESULTS) if last else None) or _only_study(command)
    path = Path(given)
    if path.is_file():
        return path
    if path.is_dir():
        found = _studies(path)
        hint = f"name a study: {command} {found[0]}" if found else "name the YAML file of a study"
        raise UserError(f"{given} is a folder; {hint}")
    folder = path.parent
    by_stem = {other.stem: other for other in _yaml_files(folder)}
    nearest = difflib.get_close_matches(path.stem, by_stem, n=1)  # without the suffix, which they share
    hint = f"; did you mean {by_stem[nearest[0]]}?" if nearest else _listed(_studies(folder))
    raise UserError(f"{given}: no such file{hint}")


def take_study(words: Sequence[str], command: str) -> tuple[Path, list[str]]:
    """Split a command line for Snakemake into the study and all other words.

    The study is the first YAML file, wherever it stands. Without one it is the only study in the working folder.

    Raises:
        UserError: as `find_study`; or a second study is named.
    """
    places = [place for place in range(_end(words)) if _may_be_study(words, place)]
    if not places:
        if words and Path(words[0]).is_dir():
            find_study(words[0], command)
        if words and not words[0].startswith("-"):
            similar = [name for name in (f"{words[0]}{suffix}" for suffix in SUFFIXES) if is_study(Path(name))]
            if similar:
                raise UserError(f"{words[0]}: did you mean {similar[0]}?")
        return find_study(None, command), list(words)
    first, *others = places
    for other in others:
        if is_study(Path(words[other])):
            raise UserError(f"found two studies, {words[first]} and {words[other]}; run one after the other")
    return find_study(words[first], command), [*words[:first], *words[first + 1 :]]


def study_name(path: Path) -> str:
    """Return the name of a study.

    Raises:
        UserError: the file is not a study.
    """
    from seedwise.config.reading import read_study

    return read_study(path).study


def _end(words: Sequence[str]) -> int:
    return words.index("--") if "--" in words else len(words)


def _may_be_study(words: Sequence[str], place: int) -> bool:
    word = words[place]
    if word.startswith("-") or not word.endswith(SUFFIXES) or (place and words[place - 1] in _TAKE_A_FILE):
        return False
    return "=" not in word or Path(word).is_file()  # --config key=value.yaml


def _only_study(command: str) -> Path:
    found = _studies(Path())
    if len(found) > 1:  # one that --revisions has written is not meant
        from seedwise.config.revisions import is_written

        found = [path for path in found if not is_written(path)] or found
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"several studies are in this folder; name one: {command} {found[0]}{_listed(found[1:])}")
    raise UserError(
        "no study is in this folder: no YAML file here has the keys study and seeds; name one: "
        f"{command} path/to/study.yaml"
    )


def _yaml_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())


def _studies(folder: Path) -> list[Path]:
    return [path for path in _yaml_files(folder) if is_study(path)]


def _listed(studies: Sequence[Path]) -> str:
    return f" (also here: {', '.join(map(str, studies))})" if studies else ""

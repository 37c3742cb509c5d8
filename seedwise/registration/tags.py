"""Git tags that anchor a ledger: their message has the hash of its last line, and so of all lines before it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from seedwise.basics.git import GitError, git
from seedwise.registration.ledger import Entry

_STUDY = re.compile(r"^study: (\S+)$", re.MULTILINE)
_HEAD = re.compile(r"^head: ([0-9a-f]{64})$", re.MULTILINE)
_RECORD, _FIELD = "\x1e", "\x1f"
_FORMAT = f"%(refname:short){_FIELD}%(taggerdate:unix){_FIELD}%(contents){_RECORD}"


class Tag(NamedTuple):
    """A tag that anchors a ledger: its name, when it was made in seconds since 1970, and the hash in its message."""

    name: str
    at: float
    head: str


def default_name(study: str, head: Entry) -> str:
    """Return the name of the tag of a line of the ledger."""
    return f"seedwise/{study}/{head.short}"


def make_tag(folder: Path, name: str, study: str, plan_hash: str, head: Entry) -> None:
    """Make an annotated tag of the commit that is checked out.

    Args:
        folder: in the repository.
        name: of the tag.
        study: the name of the study.
        plan_hash: of its registered plan.
        head: the last line of its ledger.

    Raises:
        GitError: git refuses.
    """
    message = f"Registration of the study {study}\n\nstudy: {study}\nplan: {plan_hash}\nhead: {head.hash}\n"
    git(folder, "tag", "--annotate", "--message", message, "--", name)


def tags_of(folder: Path, study: str) -> list[Tag] | None:
    """Return the tags in the repository around a folder that anchor a study, the oldest first; None outside one."""
    try:
        listed = git(folder, "for-each-ref", f"--format={_FORMAT}", "refs/tags")
    except GitError:
        return None
    found = []
    for line in listed.split(_RECORD):
        name, at, message = [*line.strip("\n").split(_FIELD), "", "", ""][:3]
        named, head = _STUDY.search(message), _HEAD.search(message)
        if at and named and named[1] == study and head:
            found.append(Tag(name, float(at), head[1]))
    return sorted(found, key=lambda tag: tag.at)

"""Questions to the user, in a terminal."""

from __future__ import annotations

import sys

from seedwise.basics.streams import is_notebook


def can_ask() -> bool:
    """Whether somebody is there to answer."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr.isatty() and not is_notebook())


def agrees(question: str) -> bool:
    """Ask a question; return whether the answer is yes."""
    print(question, end="", file=sys.stderr, flush=True)
    try:
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return False

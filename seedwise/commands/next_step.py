"""The last line of a command: what is sensible to do next, for a person at a terminal."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def say_next(text: str) -> None:
    """Print a line to the terminal; nothing if nobody reads it there."""
    if sys.stderr.isatty():
        print(f"next: {text}", file=sys.stderr)


def to(command: str, study: Path) -> str:
    """Return a command line of `seedwise` about a study."""
    return f"seedwise {command} {shlex.quote(str(study))}"

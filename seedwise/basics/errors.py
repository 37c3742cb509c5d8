"""Errors that a user can correct, shown as one message without a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable


class UserError(Exception):
    """Something that the user can correct; the message names the file or key and the remedy."""


def run_script(main: Callable[[], int | None]) -> None:
    """Run a script's main function as a process; a UserError ends it with the message and exit status 1."""
    try:
        sys.exit(main() or 0)
    except UserError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)

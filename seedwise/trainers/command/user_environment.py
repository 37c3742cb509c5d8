"""The environment variables as the user has them, without what the workflow has added for its own scripts."""

from __future__ import annotations

import os

KEPT = "SEEDWISE_USER_"
"""Before a variable's name: its value as the user has it; empty where the user has none."""
CHANGED = ("PATH", "PYTHONPATH", "PYDANTIC_DISABLE_PLUGINS", "XDG_CACHE_HOME")
"""Variables that the workflow changes for its scripts."""


def user_environment() -> dict[str, str]:
    """Return the user's environment variables, and none of Seedwise's."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("SEEDWISE_")}
    for name in CHANGED:
        kept = os.environ.get(f"{KEPT}{name}")
        if kept:
            variables[name] = kept
        elif kept is not None:
            variables.pop(name, None)
    return variables

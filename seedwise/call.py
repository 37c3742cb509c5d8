"""Calls a function as a run: `python -m seedwise.call package.module:name settings.json`.

It runs in the user's own interpreter and therefore needs only the standard library.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import seedwise

CHECK = "--check"
"""In place of the settings: import the function, but do not call it."""
USAGE = "usage: python -m seedwise.call package.module:function settings.json"


class Run:
    """What a function gets to know about its run.

    Attributes:
        variant: name of the variant.
        seed: the run's seed.
        folder: folder for whatever the run writes; it exists.
        checkpoint: file to go on from, where the study has `resume` and an interrupted run has left one; else None.
    """

    def __init__(self, variant: str, seed: int, folder: Path, checkpoint: Path | None) -> None:
        self.variant, self.seed, self.folder, self.checkpoint = variant, seed, folder, checkpoint

    def log(self, step: Any, metrics: Any = None, /, **named: Any) -> None:
        """Add a row to the history, as `seedwise.log` does."""
        seedwise.log(step, metrics, **named)

    def scores(self, ids: Any, values: Any, clusters: Any = None) -> None:
        """Save the score of each test example, as `seedwise.scores` does."""
        seedwise.scores(ids, values, clusters)


def load(call: str) -> Any:
    """Import a function that is named as package.module:name."""
    module, _, name = call.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    found = getattr(importlib.import_module(module), name, None)
    if not callable(found):
        sys.exit(f"{call}: {module} has no function {name}")
    return found


def main() -> None:
    """Import the function, call it, and save the metrics that it returns."""
    if len(sys.argv) != 3:
        sys.exit(USAGE)
    found = load(sys.argv[1])
    if sys.argv[2] == CHECK:
        return
    settings = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    seed = int(os.environ.get("SEEDWISE_SEED", "0"))
    folder, checkpoint = Path(os.environ.get("SEEDWISE_OUT", ".")), os.environ.get("SEEDWISE_CHECKPOINT")
    run = Run(os.environ.get("SEEDWISE_VARIANT", ""), seed, folder, Path(checkpoint) if checkpoint else None)
    returned = found(settings, seed, run)
    if returned is None:
        return
    if not isinstance(returned, Mapping):
        sys.exit(f"{sys.argv[1]} returned {type(returned).__name__}; return a mapping of metrics, or nothing")
    seedwise.result(returned)


if __name__ == "__main__":
    main()

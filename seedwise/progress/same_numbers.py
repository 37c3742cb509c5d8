"""Runs of one variant with the same numbers: the seed does not reach the program, or digits are lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from seedwise.config.study import Run


def same_numbers(folder: Path, run: Run) -> str | None:
    """Say that a finished run has exactly the numbers of another seed of its variant; None if it does not.

    Args:
        folder: folder of the run; those of other seeds are beside it.
        run: the run.
    """
    own = _metrics(folder)
    if not own:
        return None
    for other in sorted(folder.parent.glob("seed*")):
        if other.name != folder.name and _metrics(other) == own:
            return (
                f"{run.variant}: seeds {other.name.removeprefix('seed')} and {run.seed} gave exactly the same numbers. "
                "Does the seed reach the program? Are digits lost?"
            )
    return None


def _metrics(folder: Path) -> dict[str, Any] | None:
    try:
        record = json.loads((folder / "metrics.json").read_bytes())
        return dict(record["metrics"]) if record["status"] == "finished" else None
    except (OSError, ValueError, KeyError, TypeError):
        return None

"""Sentences about what became of runs."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from seedwise.basics.names import plain
from seedwise.basics.words import quantity, shortened
from seedwise.sources.settings import RESERVED

VARIANT, SEED, _, _, RUN, _ = RESERVED
_SHOWN = 12  # runs that a note names one by one


def labels(runs: pd.DataFrame) -> list[str]:
    """Name runs in a note."""
    return [
        f"{plain(str(variant))} seed {seed} ({plain(str(name))})"
        for variant, seed, name in zip(runs[VARIANT], runs[SEED], runs[RUN], strict=True)
    ]


def note(named: Sequence[str] | pd.Series, what: str, noun: str = "run") -> str:
    """Say what became of some runs."""
    return f"{quantity(len(named), noun)} {what}: {shortened([str(name) for name in named], _SHOWN)}."

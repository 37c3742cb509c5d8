"""Which columns of a table look like what was asked, and like the number of the answer; for messages."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from seedwise.sources.options import Options
from seedwise.sources.tables.table import Table

EXAMPLES = ("example", "example_id", "question", "question_id", "item", "item_id", "doc_id", "sample_id", "id")
"""Usual names of the column with what was asked."""
FEW = 10
"""Fewer examples than this carry no verdict."""


def asked_by(table: Table, variants: pd.Series, taken: Collection[str]) -> tuple[str | None, str | None]:
    """Return the columns that are probably the examples and the repeats, or None for one that nothing looks like.

    Both have values that most variants share. Examples have a usual name, or else the most values; repeats have the
    fewest values that tell several answers to one example apart.

    Args:
        table: whose rows are answers.
        variants: of each row.
        taken: columns that are something else.
    """
    shared = {}
    variant = pd.factorize(variants)[0]
    for column in table.columns:
        if column in taken:
            continue
        codes, words = pd.factorize(table.text(column))
        values = len(words)
        pairs = np.unique(variant.astype(np.int64) * values + codes).size
        if values > 1 and 2 * pairs > values * variants.nunique():
            shared[column] = codes
    sizes = {column: int(codes.max()) + 1 for column, codes in shared.items()}
    usual = {column for column in sizes if column.lower() in EXAMPLES and sizes[column] >= FEW}
    example = max(sizes, key=lambda column: (column in usual, sizes[column]), default=None)
    if example is None:
        return None, None
    answers = pd.DataFrame({"variant": variant, "example": shared.pop(example)})
    if not answers.duplicated().any():
        return example, None
    repeats = [column for column, codes in shared.items() if not answers.assign(repeat=codes).duplicated().any()]
    return example, min(repeats, key=lambda column: sizes[column], default=None)


def spelled_roles(options: Options, example: str, repeat: str | None) -> str:
    """Write the options that say so, as the user would."""
    repeats = f" {options.spelled('repeat', repeat)}" if repeat is not None else ""
    return options.spelled("example", example) + repeats

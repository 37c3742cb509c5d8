"""Columns that may say in which groups the examples of an evaluation come, such as questions about one text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seedwise.sources.tables.table import Table
from seedwise.statistics.examples import FEWEST_CLUSTERS


def groups_of(table: Table, answers: pd.DataFrame, unnamed: Sequence[str]) -> dict[str, pd.Series]:
    """Return the columns that are the same for all answers to an example, and for several examples.

    Args:
        table: whose rows are answers.
        answers: the same, with a column example, and dataset if there is one.
        unnamed: columns of the table to which nobody gave a role.
    """
    keys = [answers[key] for key in ("dataset", "example") if key in answers]
    example = answers.groupby(keys, sort=False, dropna=False).ngroup().to_numpy()
    _, first = np.unique(example, return_index=True)
    found = {}
    for name in unnamed:
        texts = table.text(name)
        codes, values = pd.factorize(texts)
        several = FEWEST_CLUSTERS <= values.size <= first.size / 2
        if several and "" not in values and (codes == codes[first][example]).all():
            found[name] = texts
    return found

"""The CSV export of a scalar of TensorBoard: one run and one tag, which only the file's name says."""

from __future__ import annotations

import re
from dataclasses import replace

from seedwise.basics.errors import UserError
from seedwise.sources.layouts.layout import RUN_NAME, Layout, file_name, lower
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Table

_COLUMNS = {"wall_time", "step", "value"}
_FILE = re.compile(r"run[-_](?P<run>.*?)[-_,]tag[-_](?P<tag>.+?)(?: ?\([0-9]+\))?\.csv(?:\.\w+)?")


def _recognise(table: Table, _: Options) -> bool:
    return lower(table) == _COLUMNS


def _convert(table: Table, options: Options) -> Table:
    """Name the column of values as its tag, and the run as the file does."""
    named = _FILE.fullmatch(file_name(table))
    value = next(column for column in table.columns if column.strip().lower() == "value")
    if named is None and len(options.metrics) > 1:
        raise UserError(
            f"{table.name}: a scalar exported from TensorBoard, whose file is not named as TensorBoard does "
            f"(run-RUN-tag-TAG.csv), so that {options.named('metric')} can name only one"
        )
    metric = options.metrics[0] if named is None else _metric(named["tag"], options)
    frame = table.frame.rename(columns={value: metric})
    frame[RUN_NAME] = (named["run"] or ".") if named else re.sub(r"\.csv(\.\w+)?$", "", file_name(table))
    return replace(table, frame=frame)


def _metric(tag: str, options: Options) -> str:
    """Return the metric that a tag is; a file's name has _ where the tag has a slash."""
    same = [name for name in options.metrics if re.sub(r"[^\w.-]", "_", name) == re.sub(r"[^\w.-]", "_", tag)]
    return same[0] if same else tag


SCALAR = Layout(
    "tensorboard",
    "scalars exported from TensorBoard",
    "the columns Wall time, Step and Value",
    _recognise,
    _convert,
    steps=True,
)

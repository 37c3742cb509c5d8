"""What a study says of runs or answers that were recorded elsewhere, and whether it is still as it was read."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from seedwise.analysis.tables import made_again
from seedwise.basics.errors import UserError
from seedwise.basics.files import content_digest, short_digest
from seedwise.sources.pulled import Pulled, read_pulled


def read_source(path: Path, table: Path) -> Pulled:
    """Read pulled.json; neither it nor the table beside it may have been changed since they were written.

    Args:
        path: of pulled.json.
        table: runs.csv or answers.csv.

    Raises:
        UserError: one of them was changed or cannot be read; the message names it, and how it is made again.
    """
    try:
        pulled = read_pulled(path)
    except (OSError, ValidationError) as error:
        raise UserError(made_again(path)) from error
    if pulled.digest and pulled.digest != content_digest(json.loads(path.read_bytes())):
        raise UserError(made_again(path))
    if pulled.table and (not table.is_file() or short_digest(table) != pulled.table):
        raise UserError(made_again(table))
    return pulled

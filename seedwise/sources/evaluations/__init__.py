"""Logs of tools that evaluate language models, each recognised by its content and turned into one row per answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from seedwise.basics.errors import UserError
from seedwise.sources.evaluations.inspect_ai import INSPECT
from seedwise.sources.evaluations.lm_eval import LM_EVAL
from seedwise.sources.evaluations.log import Log, LogFile
from seedwise.sources.evaluations.promptfoo import PROMPTFOO
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Table

LOGS: tuple[Log, ...] = (LM_EVAL, INSPECT, PROMPTFOO)
NAMES = tuple(log.name for log in LOGS)
"""For `--layout`."""


def read_log(stream: BinaryIO, name: str, path: Path, options: Options) -> Table | None:
    """Read the log of an evaluation; None if a file is something else.

    Args:
        stream: the content of the file, unpacked.
        name: what it is called in messages.
        path: where it is; empty for standard input.
        options: what the user says.

    Raises:
        UserError: the log cannot be read, or the file is not the log that the user says it is.
    """
    if options.layout is not None and options.layout not in NAMES:
        return None
    file = LogFile(stream, name, path)
    for log in LOGS:
        if options.layout in (None, log.name) and log.recognise(file):
            return replace(_read(log, file, options), layout=log.phrase)
    if options.layout is None:
        return None
    log = next(log for log in LOGS if log.name == options.layout)
    raise UserError(f"{name}: {options.spelled('layout', log.name)}, whose sign is {log.signs}; leave it out")


def _read(log: Log, file: LogFile, options: Options) -> Table:
    try:
        return log.read(file, options)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # Anything can stand in a JSON file; a reader that checked every part of it would be all checks.
        said = " ".join(str(error).split())[:120]
        raise UserError(f"{file.name}: looks like {log.phrase}, but is not as the tool writes it ({said})") from error

"""What may be chosen about a table, for flags, keys of a study and arguments alike; nothing is imported here."""

from __future__ import annotations

from typing import Literal, get_args

Duplicates = Literal["latest", "first", "last-row", "first-row", "error"]
Decimal = Literal[".", ","]
Thousands = Literal[",", ".", " ", "'", "_"]
Sample = Literal["runs", "examples"]
Spelling = Literal["flags", "keys", "arguments"]
"""How a user says things: on the command line, in a study, or in Python."""
DUPLICATES, DECIMALS, THOUSANDS, SAMPLES = map(get_args, (Duplicates, Decimal, Thousands, Sample))

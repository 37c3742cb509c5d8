"""The parser of a command, the same for all of them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any


def add_command(
    commands: argparse._SubParsersAction[Any],
    name: str,
    summary: str,
    description: str,
    examples: str,
    *,
    usage: str | None = None,
    aliases: Sequence[str] = (),
) -> argparse.ArgumentParser:
    """Add a command whose description and examples are shown as they are written, and whose flags are not shortened."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        aliases=aliases,
        help=summary,
        usage=usage,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    return parser

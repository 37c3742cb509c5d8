"""Plain text in columns, for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence

WIDTH = 80
_NARROWEST_NAME = 7


def in_columns(lines: Sequence[Sequence[str]], *, left: Collection[str], droppable: Sequence[str]) -> str:
    """Align cells in lines of at most `WIDTH` characters; where a name does not fit, all stand above their lines.

    Args:
        lines: the header, then a line per row; the first cell of each is a name.
        left: headers of the columns that are aligned to the left.
        droppable: headers of the columns that are left out while the others are too wide, the first first.
    """
    kept = list(range(len(lines[0])))

    def widths() -> list[int]:
        return [max(len(line[column]) for line in lines) for column in kept]

    for name in droppable:
        if sum(widths()[1:]) + 2 * (len(kept) - 1) + _NARROWEST_NAME > WIDTH:
            kept.remove(lines[0].index(name))
    found = widths()
    found[0] = min(found[0], max(_NARROWEST_NAME, WIDTH - sum(found[1:]) - 2 * (len(kept) - 1)))
    aligned = {column for column in kept if column == 0 or lines[0][column] in left}
    above = [False, *([any(len(line[0]) > found[0] for line in lines)] * (len(lines) - 1))]
    return "\n".join(
        _line([line[column] for column in kept], found, [column in aligned for column in kept], on_its_own)
        for line, on_its_own in zip(lines, above, strict=True)
    )


def _line(cells: Sequence[str], widths: Sequence[int], left: Sequence[bool], on_its_own: bool) -> str:
    name, above = cells[0], ""
    if on_its_own:
        name, above = "", textwrap.fill(name, WIDTH) + "\n"
    padded = [
        cell.ljust(width) if to_left else cell.rjust(width)
        for cell, width, to_left in zip([name, *cells[1:]], widths, left, strict=True)
    ]
    return above + "  ".join(padded).rstrip()

"""How figures look: colours, sizes and matplotlib settings, in one place."""

from __future__ import annotations

import re
import sys
import textwrap
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedwise.basics.names import visible

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

# Okabe & Ito 2008, distinguishable with any colour vision; the baseline is their grey, and yellow comes late.
BASELINE_COLOUR = "#999999"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
HATCHES = ("", "///", "...")
DASHES = (":", "-.", "--")
LINES = ("-", "--")
INK = "#222222"
MARGIN_COLOUR = "#DDDDDD"

WIDTH = 6.6  # inches: printed at half a text width (3.3 in) the 13 pt labels are still 6.5 pt
HEIGHT = 4.4
WIDTH_PER_VARIANT = 0.6
ROW_HEIGHT = 0.55
NARROW_ROW = 0.24  # of one of many variants
MOST_LINES = 3
DPI = 200
MOST_PIXELS = 30_000  # of a side; matplotlib refuses 65 536, and browsers show nothing from about 32 000 on
NOTE_SIZE = 11

FALLBACKS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Source Han Sans SC", "WenQuanYi Zen Hei"),
    *("Microsoft YaHei", "PingFang SC", "Hiragino Sans", "Arial Unicode MS", "Noto Sans", "Noto Emoji"),
)
"""Fonts for what DejaVu Sans lacks, as far as they are installed."""

_SAID: set[str] = set()

RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 13,
    "axes.labelsize": 13,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "legend.fontsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.unicode_minus": True,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "text.parse_math": False,  # a label may contain a dollar sign
    "svg.hashsalt": "seedwise",
    "svg.fonttype": "path",
}


@dataclass(frozen=True)
class Appearance:
    """How one variant is drawn in every figure; `line` is its curve, `dash` a mark of it beside a curve."""

    colour: str
    hatch: str
    dash: str
    line: str = "-"


def appearances(variants: Sequence[str], baseline: str) -> dict[str, Appearance]:
    """The appearance of every variant, from its place in the study alone, so that it is the same in every figure."""
    others = [name for name in variants if name != baseline]
    assigned = {
        name: Appearance(
            COLOURS[i % len(COLOURS)], HATCHES[cycle % len(HATCHES)], DASHES[cycle % len(DASHES)], LINES[cycle % 2]
        )
        for i, name in enumerate(others)
        for cycle in [i // len(COLOURS)]
    }
    return {**assigned, baseline: Appearance(BASELINE_COLOUR, HATCHES[0], DASHES[0])}


def wrap(text: str, width: int, most_lines: int = MOST_LINES) -> str:
    """A label broken into at most `most_lines` lines of `width` characters; an ellipsis stands for what is left out."""
    lines = textwrap.wrap(text, width, max_lines=most_lines, placeholder=" …")
    # The narrowest width with as many lines has no line of a single short word.
    for narrower in range(width - 1, 0, -1):
        attempt = textwrap.wrap(text, narrower, break_long_words=False)
        if len(attempt) > len(lines) or max(map(len, attempt), default=0) > narrower:
            break
        lines = attempt
    return "\n".join(lines) or text


def legend_above(figure: Figure, handles: Sequence[Artist], names: Sequence[str], columns: int = 2) -> None:
    """A legend over the whole figure, which grows by the lines that it takes."""
    lines = sum(
        max(name.count("\n") + 1 for name in names[start : start + columns]) for start in range(0, len(names), columns)
    )
    figure.set_figheight(figure.get_figheight() + 0.22 * max(0, lines - 1))
    figure.legend(handles, names, loc="outside upper center", ncols=columns, columnspacing=1.2)


def save(figure: Figure, png: Path, svg: Path) -> None:
    """Write a figure without what would differ between two runs of the same data (date, version).

    Characters that matplotlib's own font lacks come from another font of the machine; where none has them, boxes stand
    for them, as a warning of ours says once.
    """
    import matplotlib as mpl

    _show(figure)
    with warnings.catch_warnings(record=True) as caught, mpl.rc_context():
        warnings.simplefilter("always")
        if not _all_ascii(figure):
            mpl.rcParams["font.sans-serif"] = [*RC["font.sans-serif"], *_installed(FALLBACKS)]
        dpi = min(DPI, MOST_PIXELS / max(figure.get_size_inches()))
        figure.savefig(png, format="png", dpi=dpi, metadata={"Software": None})
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    lacking = dict.fromkeys(
        found[1] for each in caught if (found := re.search(r"Glyph (\d+) .*missing from", str(each.message)))
    )
    for each in caught:
        if "missing from" not in str(each.message):
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    characters = "".join(filter(str.isprintable, (chr(int(code)) for code in lacking)))
    if characters and characters not in _SAID:
        _SAID.add(characters)
        print(f"figures: no font here has {characters}; install one, such as fonts-noto-cjk", file=sys.stderr)


def _show(figure: Figure) -> None:
    """Write what users have written as `visible` makes it, so that it can be read."""
    from matplotlib.text import Text
    from matplotlib.ticker import FixedFormatter

    for text in figure.findobj(Text):
        text.set_text(visible(text.get_text()))
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        if isinstance(names := axis.get_major_formatter(), FixedFormatter):
            names.seq = [visible(name) for name in names.seq]


def _all_ascii(figure: Figure) -> bool:
    from matplotlib.text import Text

    return all(str(text.get_text()).isascii() for text in figure.findobj(Text))


def _installed(names: Sequence[str]) -> list[str]:
    from matplotlib import font_manager

    there = set(font_manager.get_font_names())
    return [name for name in names if name in there]

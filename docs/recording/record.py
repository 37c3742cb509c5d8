"""Record commands in a real terminal as an animated SVG: `python docs/recording/record.py commands.txt out.svg`.

Each line of the script is typed into a shell and runs to its end. What the terminal shows is taken from a terminal
emulator (pyte) whenever it has changed; pauses are shortened, nothing else is changed. Needs requirements-docs.txt.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import pyte

PROMPT = "$ "
KEY_SECONDS = 0.04
PAUSE = 1.2  # seconds after which waiting is cut short
READ_TIME = 2.0  # seconds after each command
LAST = 6.0  # seconds of the last frame
TICK = 0.1  # seconds between frames, at least
CELL, LINE, MARGIN, BAR = 8.4, 18, 14, 34  # pixels
COLOURS = {
    "default": "#d5d9e0",
    "black": "#69707d",
    "red": "#f7768e",
    "green": "#8fce6b",
    "brown": "#e0af68",
    "yellow": "#e0af68",
    "blue": "#7aa2f7",
    "magenta": "#bb9af7",
    "cyan": "#7dcfff",
    "white": "#ffffff",
}

Style = tuple[str, bool]  # colour, bold
Run = tuple[int, str, Style]  # column, text, style
Row = tuple[Run, ...]


class Frame(NamedTuple):
    """What the terminal shows, and for how many seconds."""

    rows: tuple[Row, ...]
    seconds: float


def main() -> None:
    """Record the commands of a script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("script", type=Path, help="text file with one command per line")
    parser.add_argument("out", type=Path, help="SVG file to write")
    parser.add_argument("--folder", type=Path, default=Path(), help="where the commands run (default: here)")
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--rows", type=int, default=24)
    parser.add_argument("--limit", type=float, default=300, help="seconds that a command may take (default: 300)")
    arguments = parser.parse_args()
    commands = [line for line in arguments.script.read_text(encoding="utf-8").splitlines() if line]
    frames = list(record(commands, arguments.folder, arguments.columns, arguments.rows, arguments.limit))
    arguments.out.write_text(animation(frames, arguments.columns, arguments.rows), encoding="utf-8")


def record(commands: Sequence[str], folder: Path, columns: int, rows: int, limit: float) -> Iterator[Frame]:
    """Type commands into a terminal and yield what it shows.

    Raises:
        SystemExit: a command failed or took too long.
    """
    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    for command in commands:
        stream.feed(PROMPT.encode())
        for key in command:
            stream.feed(key.encode())
            yield Frame(_shown(screen), KEY_SECONDS)
        stream.feed(b"\r\n")
        yield from _run(command, folder, screen, stream, limit)
        yield Frame(_shown(screen), READ_TIME)
        stream.feed(b"\r\n")
    yield Frame(_shown(screen), LAST)


def _run(command: str, folder: Path, screen: Any, stream: Any, limit: float) -> Iterator[Frame]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", screen.lines, screen.columns, 0, 0))
    variables = os.environ | {"TERM": "xterm-256color", "COLUMNS": str(screen.columns), "LINES": str(screen.lines)}
    process = subprocess.Popen(
        ["bash", "-c", command], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=variables
    )
    os.close(theirs)
    ends, shown, since = time.monotonic() + limit, _shown(screen), time.monotonic()
    while time.monotonic() < ends:
        ready = select.select([ours], [], [], TICK)[0]
        if ready:
            try:
                stream.feed(os.read(ours, 1 << 16))
            except OSError:  # the terminal is closed at its other end
                break
        now = time.monotonic()
        if now - since >= TICK and (current := _shown(screen)) != shown:
            yield Frame(shown, min(now - since, PAUSE))
            shown, since = current, now
    os.close(ours)
    if process.poll() is None and time.monotonic() >= ends:
        process.kill()
    if status := process.wait():
        raise SystemExit(f"{command}: exit status {status}\n" + "\n".join(screen.display))


def _shown(screen: Any) -> tuple[Row, ...]:
    return tuple(_row(screen.buffer[number], screen.columns) for number in range(screen.lines))


def _row(cells: Any, columns: int) -> Row:
    runs: list[Run] = []
    for column in range(columns):
        cell = cells[column]
        style: Style = (cell.fg, cell.bold)
        if runs and runs[-1][2] == style:
            runs[-1] = (runs[-1][0], runs[-1][1] + cell.data, style)
        else:
            runs.append((column, cell.data, style))
    return tuple((column, text.rstrip(), style) for column, text, style in runs if text.strip())


def animation(frames: Sequence[Frame], columns: int, rows: int) -> str:
    """Return frames as an SVG that plays them one after another; who prefers no motion sees the last one."""
    width, height = round(columns * CELL + 2 * MARGIN), rows * LINE + MARGIN + BAR
    merged = list(_merged(frames))
    total = sum(frame.seconds for frame in merged)
    names: dict[Row, str] = {}
    shown, steps, elapsed = [], [], 0.0
    for number, frame in enumerate(merged):
        uses = "".join(
            f'<use href="#{names.setdefault(row, f"r{len(names)}")}" y="{line * LINE}"/>'
            for line, row in enumerate(frame.rows)
            if row
        )
        shown.append(f'<g transform="translate(0 {number * height})">{uses}</g>')
        steps.append(f"{100 * elapsed / total:.3f}%{{transform:translateY(-{number * height}px)}}")
        elapsed += frame.seconds
    texts = "".join(f'<g id="{name}">{"".join(map(_text, row))}</g>' for row, name in names.items())
    end = f"translateY(-{(len(merged) - 1) * height}px)"
    dots = "".join(
        f'<circle cx="{MARGIN + 8 + 20 * number}" cy="18" r="6" fill="{colour}"/>'
        for number, colour in enumerate(("#f7768e", "#e0af68", "#8fce6b"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="Recording of a terminal">\n<style>text{{white-space:pre;font:14px '
        f"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}}.b{{font-weight:bold}}"
        f"#film{{animation:play {total:.2f}s step-end infinite}}"
        f"@keyframes play{{{''.join(steps)}100%{{transform:{end}}}}}"
        f"@media (prefers-reduced-motion:reduce){{#film{{animation:none;transform:{end}}}}}</style>\n"
        f'<defs>{texts}<clipPath id="screen"><rect y="{BAR}" width="{width}" height="{height - BAR}"/></clipPath>'
        f"</defs>\n"
        f'<rect width="{width}" height="{height}" rx="8" fill="#1a1b26"/>{dots}\n'
        f'<g clip-path="url(#screen)"><g id="film">{"".join(shown)}</g></g>\n</svg>\n'
    )


def _merged(frames: Sequence[Frame]) -> Iterator[Frame]:
    """Yield frames with equal neighbours put together."""
    rows, seconds = frames[0]
    for frame in frames[1:]:
        if frame.rows == rows:
            seconds += frame.seconds
        else:
            yield Frame(rows, seconds)
            rows, seconds = frame
    yield Frame(rows, seconds)


def _text(run: Run) -> str:
    column, text, (colour, bold) = run
    fill = COLOURS.get(colour, f"#{colour}" if len(colour) == 6 else COLOURS["default"])
    weight = ' class="b"' if bold else ""
    # The length holds the columns in place, whatever font the reader has.
    length = f' textLength="{len(text) * CELL:.1f}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{MARGIN + column * CELL:.1f}" y="{BAR + 14}" fill="{fill}"{length}{weight}>{escape(text)}</text>'


if __name__ == "__main__":
    main()

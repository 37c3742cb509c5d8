"""Finding and opening files: a path, a pattern, standard input; packed or not; whatever the format."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from seedwise.basics.errors import UserError
from seedwise.basics.words import shortened
from seedwise.sources.places import shown
from seedwise.sources.tables.columnar import EXTRA, read_feather, read_parquet, read_sqlite
from seedwise.sources.tables.delimited import decode, read_delimited
from seedwise.sources.tables.excel import read_excel
from seedwise.sources.tables.objects import read_json, read_json_lines
from seedwise.sources.tables.table import Table

STDIN = "-"
_HEAD = 65_536  # bytes
MOST = 2 * 1024**3  # bytes after unpacking
_OTHER = {
    b"\x89HDF": "HDF5",
    b"%PDF": "a PDF document",
    b"\x80\x03": "a Python pickle, which could run any code",
    b"\x80\x04": "a Python pickle, which could run any code",
    b"\x80\x05": "a Python pickle, which could run any code",
    b"\xd0\xcf\x11\xe0": "Excel's format from before 2007",
    b"\x93NUMPY": "an array of NumPy",
}

_LATEX = re.compile(rb"\\begin\s*\{(?:table|tabular|longtable)|^[^\n]*&[^\n]*\\\\[ \t]*\r?$", re.MULTILINE)
"""A table's environment, or a line with cells and the end of a row."""


class Readable(Protocol):
    """What unpacks while it is read."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes."""


@dataclass(frozen=True)
class FileOptions:
    """How files are to be read, where they do not say it themselves.

    Attributes:
        encoding: of text; None finds out.
        separator: between cells; None finds out.
        table: name of the sheet or table in a file that has several.
    """

    encoding: str | None = None
    separator: str | None = None
    table: str | None = None


def load(path: Path | None) -> tuple[bytes, str, str]:
    """Return the content of a file or of standard input, unpacked; what messages call it; and the file's own name.

    Raises:
        UserError: it cannot be opened or unpacked.
    """
    name = shown(str(path)) if path else "standard input"
    try:
        content = path.read_bytes() if path else sys.stdin.buffer.read()
    except OSError as error:
        raise UserError(f"{name}: {error.strerror}") from error
    content, inner = _unpacked(content, name)
    return content, name, inner or (path.name if path else "")


def parse(content: bytes, name: str, file: str, options: FileOptions) -> Table:
    """Read a table from the bytes of a file; the ending of `file`, its name when unpacked, may say a format."""
    if not content.strip(b" \t\r\n"):
        raise UserError(f"{name}: the file is empty")
    if content.startswith(b"PAR1"):
        return read_parquet(content, name)
    if content.startswith((b"ARROW1", b"FEA1")):
        return read_feather(content, name)
    if content.startswith(b"SQLite format 3\0"):
        return read_sqlite(content, name, options.table)
    if _is_excel(content):
        return read_excel(content, name, options.table)
    for magic, what in _OTHER.items():
        if content.startswith(magic):
            raise UserError(f"{name}: {what}; save the table as CSV, JSON, Parquet or Excel (see docs/tables.md)")
    encoding, note = decode(content, name, options.encoding)
    ending = Path(file).suffix.lower()
    start = content[:64].decode(encoding, errors="ignore").lstrip()
    if ending in (".jsonl", ".ndjson"):
        table = read_json_lines(content.decode(encoding), name)
    elif ending == ".json" or start.startswith(("{", "[")):
        table = read_json(content.decode(encoding), name)
    elif start.startswith("<") and b"<table" in content.lower():
        raise UserError(
            f"{name}: a table in HTML, which is not read; open it in a spreadsheet program and save it as CSV, or in "
            "Python: pandas.read_html(path)[0].to_csv('table.csv', index=False)"
        )
    elif _LATEX.search(content[:_HEAD]):
        raise UserError(
            f"{name}: a table in LaTeX, which is made to be printed; save the numbers behind it as CSV, with a row for "
            "each run: DataFrame.to_csv instead of to_latex"
        )
    elif start.lower().startswith(("<!doctype", "<html", "<?xml")):
        raise UserError(f"{name}: a web page or XML, not a table; was the download refused? Look into the file")
    else:
        table = read_delimited(content, name, encoding, options.separator)
    return table.noting(note) if note else table


def _unpacked(content: bytes, name: str) -> tuple[bytes, str]:
    """Return the content behind any packing, and the name inside, where the packing knows one."""
    inner = ""
    for ending, magic, unpack in _PACKED:
        if content.startswith(magic) and not _is_excel(content):
            try:
                content, inner = unpack(content, name)
            except (OSError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, ValueError) as error:
                raise UserError(f"{name}: not a whole {ending} file ({error})") from None
            return content, inner or Path(name).name.removesuffix(ending)
    return content, inner


def _is_excel(content: bytes) -> bool:
    if not content.startswith(b"PK"):
        return False
    try:
        return "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def _bounded(stream: Readable, name: str) -> tuple[bytes, str]:
    content = stream.read(MOST + 1)
    if len(content) > MOST:
        raise UserError(f"{name}: unpacked it has more than {MOST / 1024**3:.0f} GiB; split it, or save it as Parquet")
    return content, ""


def _unzip(content: bytes, name: str) -> tuple[bytes, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = [info for info in archive.infolist() if not info.is_dir() and "__MACOSX" not in info.filename]
        if len(files) != 1:
            listed = shortened([info.filename for info in files]) or "nothing"
            raise UserError(f"{name}: an archive of {listed}; unpack it, and name the file that is the table")
        if files[0].file_size > MOST:
            raise UserError(f"{name}: unpacked it has more than {MOST / 1024**3:.0f} GiB")
        return archive.read(files[0]), Path(files[0].filename).name


def _unzstd(content: bytes, name: str) -> tuple[bytes, str]:
    try:
        import zstandard
    except ImportError:
        raise UserError(f"{name}: unpacking .zst needs zstandard: {EXTRA}") from None
    try:
        with zstandard.ZstdDecompressor().stream_reader(content) as stream:
            return _bounded(stream, name)
    except zstandard.ZstdError as error:
        raise ValueError(error) from None


_PACKED: Sequence[tuple[str, bytes, Callable[[bytes, str], tuple[bytes, str]]]] = (
    (".gz", b"\x1f\x8b", lambda content, name: _bounded(gzip.open(io.BytesIO(content)), name)),  # noqa: SIM115
    (".bz2", b"BZh", lambda content, name: _bounded(bz2.open(io.BytesIO(content)), name)),  # noqa: SIM115
    (".xz", b"\xfd7zXZ\0", lambda content, name: _bounded(lzma.open(io.BytesIO(content)), name)),  # noqa: SIM115
    (".zst", b"\x28\xb5\x2f\xfd", _unzstd),
    (".zip", b"PK\x03\x04", _unzip),
)

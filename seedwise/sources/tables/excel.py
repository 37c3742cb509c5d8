"""Excel: a sheet as its reader sees it, with merged cells filled in, and a note on what is hidden there."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from seedwise.basics.errors import UserError
from seedwise.basics.names import plain, quote
from seedwise.basics.words import quantity, shortened
from seedwise.sources.tables.columnar import chosen_of, needing
from seedwise.sources.tables.rows import Row, table_of_rows
from seedwise.sources.tables.table import Table

_LISTED = 6  # rows or columns that a note names one by one
_Area = tuple[int, int, int, int]


def read_excel(content: bytes, name: str, sheet: str | None) -> Table:
    """Read a sheet of an Excel file; formulas count with the values that Excel saved.

    Raises:
        UserError: it has several sheets with cells, and none was named.
    """
    with needing("openpyxl", "Excel", name):
        import openpyxl

        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheets = {str(title): book[title] for title in book.sheetnames if hasattr(book[title], "iter_rows")}
        filled = [title for title, found in sheets.items() if any(any(row) for row in _values(found))]
        chosen = chosen_of(sheet, filled, "sheet", name)
        _refuse_unsaved(sheets[chosen], openpyxl.load_workbook(io.BytesIO(content), read_only=True)[chosen], name)
        looks = _looks_of(sheets[chosen])
        top: list[list[str]] = []
        table = table_of_rows(_rows(sheets[chosen], looks, top), name)
        notes = [*table.notes, *looks.merged_note(), *looks.hidden_notes(table, top)]
        return Table(name, table.frame, table.places, "row", tuple(notes), table.layout)


@dataclass(frozen=True)
class _Looks:
    """How a sheet is shown, by numbers of rows and columns from 1.

    Attributes:
        rows: that are hidden, as a filter does as well.
        columns: that are hidden.
        merged: areas that have one value: first column, first row, last column, last row.
    """

    rows: frozenset[int] = frozenset()
    columns: frozenset[int] = frozenset()
    merged: Sequence[_Area] = ()

    def merged_note(self) -> list[str]:
        if not self.merged:
            return []
        many = len(self.merged) > 1
        return [f"{quantity(len(self.merged), 'merged cell')}: {'their values count' if many else 'its value counts'} "
                f"in each row and column that {'they span' if many else 'it spans'}."]  # fmt: skip

    def hidden_notes(self, table: Table, top: Sequence[Sequence[str]]) -> list[str]:
        """Say which rows and columns of the table nobody sees who opens the sheet."""
        notes = []
        places = [int(place) for place in table.places if int(place) in self.rows]
        if places:
            rows = shortened([str(place) for place in places], _LISTED)
            notes.append(
                f"{quantity(len(places), 'row')} hidden in the sheet, perhaps by a filter, {_count_too(places)}: "
                f"{rows}. If not all rows should count, delete the others or choose with --where."
            )
        # The names of columns stand in the last row above the others that has them; those of a pivot do not.
        header = next((cells for cells in reversed(top) if set(cells) & set(table.columns)), [])
        named = {column: cell for column, cell in enumerate(header, start=1) if cell in table.columns}
        width = max((len(cells) for cells in top), default=0)
        seen = {column: named.get(column, f"column {_letter(column)}") for column in range(1, width + 1)}
        names = [
            plain(name) for column, name in seen.items() if column in self.columns and (column in named or not named)
        ]
        if names:
            what = quantity(len(names), "column")
            notes.append(f"{what} hidden in the sheet {_count_too(names)}: {shortened(names, _LISTED)}.")
        return notes


def _letter(column: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(column))


def _count_too(what: Sequence[object]) -> str:
    return "counts too" if len(what) == 1 else "count too"


def _looks_of(sheet: Any) -> _Looks:
    """Find what is hidden or merged, which openpyxl does not say of a sheet that it reads row by row."""
    with sheet._get_source() as source:
        content = source.read()
    if b"hidden=" not in content and b"mergeCell" not in content:
        return _Looks()
    from openpyxl.utils import range_boundaries

    rows: set[int] = set()
    columns: set[int] = set()
    merged: list[_Area] = []
    number = 0
    for _, element in ElementTree.iterparse(io.BytesIO(content)):  # noqa: S314 -- as openpyxl itself reads it
        match element.tag.rpartition("}")[2]:
            case "row":
                number = int(element.get("r", number + 1))
                if _is_hidden(element):
                    rows.add(number)
                element.clear()
            case "col" if _is_hidden(element):
                columns.update(range(int(element.get("min", 1)), int(element.get("max", 1)) + 1))
            case "mergeCell":
                merged.append(range_boundaries(element.get("ref")))
    return _Looks(frozenset(rows), frozenset(columns), merged)


def _is_hidden(element: ElementTree.Element) -> bool:
    return element.get("hidden") in ("1", "true")


def _rows(sheet: Any, looks: _Looks, top: list[list[str]]) -> Iterator[Row]:
    """Yield rows as text, with merged cells filled in; the first ones are added to `top`."""
    areas = sorted(looks.merged, key=lambda area: area[1])
    begun: list[tuple[_Area, str]] = []
    for number, row in enumerate(_values(sheet), start=1):
        cells = ["" if cell is None else _cell(cell) for cell in row]
        begun = [(area, value) for area, value in begun if area[3] >= number]
        while areas and areas[0][1] == number:
            area = areas.pop(0)
            if area[0] <= len(cells) and not _is_title(area, cells):
                begun.append((area, cells[area[0] - 1]))
        for (first, _, last, _), value in begun:
            cells[first - 1 : last] = [value] * len(cells[first - 1 : last])
        if len(top) < _LISTED:
            top.append(cells)
        yield number, cells if any(cells) else []


def _is_title(area: _Area, cells: Sequence[str]) -> bool:
    """Whether a merged cell stands alone in its row, from the first column on."""
    return area[0] == 1 < area[2] and not any(cells[area[2] :])


def _values(sheet: Any) -> Iterator[tuple[Any, ...]]:
    yield from sheet.iter_rows(values_only=True)


def _refuse_unsaved(values: Any, written: Any, name: str) -> None:
    """Refuse formulas that no program has computed yet, whose cells would otherwise be empty."""
    for row, (seen, cells) in enumerate(zip(_values(values), _values(written), strict=False), start=1):
        for value, cell in zip(seen, cells, strict=False):
            if value is None and isinstance(cell, str) and cell.startswith("="):
                raise UserError(
                    f"{name}, row {row}: the formula {quote(cell[:40])} was never computed; open the file in a "
                    "spreadsheet program and save it, or write values"
                )


def _cell(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value).strip()

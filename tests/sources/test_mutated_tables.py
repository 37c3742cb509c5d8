"""Thousands of damaged tables: a line of explanation or the right numbers, and a word on every row that is left out."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedwise.basics.errors import UserError
from seedwise.sources.options import Options
from seedwise.sources.runs import read_runs
from seedwise.sources.tables.files import FileOptions, parse

OPTIONS = Options(metrics=("acc",), higher_is_better=True)
# fmt: off
ODD = [
    *("", "NaN", "inf", "1e400", "1,014.5", "0,82", "82%", "1_0.9", "0x1p-1", "−0.5", " 0.5 ", '"', "#DIV/0!"),
    *("None", "-", "TRUE", "crashed", "running", "finished", "variant", "0.0", "00", "9007199254740993", "a", "A"),
    *("é", "\t", ";", "|", "\ufeff", "\n", "#"),
]
# fmt: on
HEADERS = [
    "variant,seed,acc",
    "variant,seed,status,acc",
    "Name,State,Created,variant,seed,acc,loss",
    "variant;seed;acc",
    "variant\tseed\tlr\tacc",
]
CELLS = {
    "variant": ["a", "b", "c"],
    "seed": ["0", "1", "2", "3"],
    "acc": ["0.81", "0.82", "8.3e-1", ".84", "1"],
    "loss": ["1.5", "2.5"],
    "status": ["finished", "failed"],
    "State": ["finished", "crashed"],
    "Created": ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"],
    "Name": ["r1", "r2", "r3"],
    "lr": ["0.1"],
}


@st.composite
def tables(draw):
    """A table, and some damage: cells, rows, and single characters."""
    header = draw(st.sampled_from(HEADERS))
    separator = next(mark for mark in ",;\t" if mark in header)
    names = header.split(separator)
    rows = []
    for variant in CELLS["variant"][: draw(st.integers(1, 3))]:
        for seed in CELLS["seed"][: draw(st.integers(1, 4))]:
            cells = {name: draw(st.sampled_from(CELLS[name])) for name in names} | {"variant": variant, "seed": seed}
            rows.append([cells[name] for name in names])
    for _ in range(draw(st.integers(0, 3))):
        row = draw(st.integers(0, len(rows) - 1))
        match draw(st.sampled_from(["cell", "repeat", "short", "long", "swap"])):
            case "cell":
                rows[row] = list(rows[row])
                rows[row][draw(st.integers(0, len(rows[row]) - 1))] = draw(st.sampled_from(ODD))
            case "repeat":
                rows.insert(draw(st.integers(0, len(rows))), list(rows[row]))
            case "short":
                rows[row] = rows[row][:-1] or [""]
            case "long":
                rows[row] = [*rows[row], draw(st.sampled_from(["", "7"]))]
            case "swap":
                rows[0], rows[row] = rows[row], rows[0]
    quoted = draw(st.booleans())
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
                        quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)  # fmt: skip
    writer.writerows([names, *rows])
    text = stream.getvalue()
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(["insert", "delete", "cut"])):
            case "insert":
                text = text[:place] + draw(st.sampled_from(ODD)) + text[place:]
            case "delete":
                text = text[:place] + text[place + 1 :]
            case "cut":
                text = text[: max(place, len(text) // 2)]
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    return text, separator, text.encode(encoding, errors="replace")


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(tables())
def test_a_damaged_table_is_refused_in_a_line_or_read_as_pandas_reads_it(table):
    text, separator, content = table
    try:
        found = read_runs(parse(content, "t.csv", "t.csv", FileOptions()), OPTIONS)
    except UserError as error:
        said = str(error)
    else:
        _check(found.runs, found.notes, text, separator)
        return
    assert said.isprintable()  # so it is one line
    assert len(said) < 1000


def _explains(note):
    """Whether a note says why a number can differ from what pandas reads, which shifts a row with too many cells."""
    return "acc" in note or " was read as " in note or note.startswith("More cells")


def _check(runs, notes, text, separator):
    assert not runs.duplicated(["variant", "seed"]).any()
    assert set(runs["status"]) <= {"finished", "failed", "diverged"}
    assert runs.loc[runs["status"] == "finished", "acc"].map(math.isfinite).all()
    try:
        # With the C engine a quote in the middle of a cell is text, as in Python's csv.
        plain = pd.read_csv(io.StringIO(text.lstrip("\ufeff")), sep=separator, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError):
        assert notes
        return
    plain = plain[(plain.fillna("").map(str.strip) != "").any(axis=1)].reset_index(drop=True)  # empty rows are none
    if len(runs) < len(plain):
        assert notes, "a row was left out without a word"
    if "acc" not in plain or any(_explains(note) for note in notes):
        return
    assert notes or len(runs) == len(plain)
    theirs = Counter(pd.to_numeric(plain["acc"], errors="coerce").dropna())
    ours = Counter(runs.loc[runs["status"] == "finished", "acc"])
    assert ours <= theirs, "another number than pandas reads, without a note"

"""One table in every format: each is read as pandas writes it, with the same verdict."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import re
import sqlite3
import sys
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from seedwise.basics.errors import UserError
from seedwise.cli import main
from seedwise.sources.open import open_table
from seedwise.sources.options import Options
from seedwise.sources.runs import read_runs
from seedwise.table import analyse

OPTIONS = Options(metrics=("acc",))
FRAME = pd.DataFrame(
    {
        "variant": ["a"] * 3 + ["b"] * 3,
        "seed": [0, 1, 2**53 + 1] * 2,
        "acc": [0.81, 0.82, 0.123456789012345, 0.91, 1e-7, 0.93],
    }
)


def wrote(frame, path):
    """Write a frame in the format of the path's ending."""
    text = frame.to_csv(index=False)
    match path.suffix:
        case ".xlsx":
            frame.to_excel(path, index=False)
        case ".parquet":
            frame.to_parquet(path)
        case ".feather":
            frame.to_feather(path)
        case ".db":
            connection = sqlite3.connect(path)
            frame.to_sql("runs", connection, index=False)
            connection.close()
        case ".json":
            frame.to_json(path, orient=path.stem, double_precision=15)
        case ".jsonl":
            frame.to_json(path, orient="records", lines=True, double_precision=15)
        case ".gz":
            path.write_bytes(gzip.compress(text.encode()))
        case ".bz2":
            path.write_bytes(bz2.compress(text.encode()))
        case ".xz":
            path.write_bytes(lzma.compress(text.encode()))
        case ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("inside.csv", text)
        case ".zst":
            zstandard = pytest.importorskip("zstandard")
            path.write_bytes(zstandard.ZstdCompressor().compress(text.encode()))
        case _:
            path.write_text(text)
    return path


FILES = [
    *("t.csv", "t.xlsx", "t.parquet", "t.feather", "t.db", "t.jsonl", "t.gz", "t.bz2", "t.xz", "t.zip", "t.zst"),
    *("records.json", "columns.json", "split.json", "table.json", "index.json"),
]


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_runs_to_the_last_digit(name, tmp_path):
    frame = FRAME
    if name == "t.xlsx":
        pytest.importorskip("openpyxl")
        frame = FRAME.assign(seed=[0, 1, 2] * 2)  # a number in Excel is a float
    if name in ("t.parquet", "t.feather"):
        pytest.importorskip("pyarrow")
    found = read_runs(open_table(str(wrote(frame, tmp_path / name)), OPTIONS), OPTIONS)
    expected = frame.sort_values(["variant", "seed"]).to_dict("list")
    runs = found.runs.sort_values(["variant", "seed"])
    assert {column: runs[column].tolist() for column in expected} == expected
    assert found.notes == ()


def test_a_format_that_needs_a_package_names_it(tmp_path, monkeypatch):
    path = wrote(FRAME, tmp_path / "t.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "fastparquet", None)
    with pytest.raises(UserError, match=r"t.parquet: reading Parquet needs pyarrow: pip install 'seedwise\[tables\]'"):
        open_table(str(path), OPTIONS)


def test_sheets_and_tables_are_named(tmp_path):
    pytest.importorskip("openpyxl")
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        FRAME.assign(seed=[0, 1, 2] * 2).to_excel(book, sheet_name="runs", index=False)
        pd.DataFrame({"key": ["x"]}).to_excel(book, sheet_name="notes", index=False)
        pd.DataFrame().to_excel(book, sheet_name="empty", index=False)
    with pytest.raises(UserError, match=r"several sheets \(runs, notes\); name one with --table"):
        open_table(str(tmp_path / "t.xlsx"), OPTIONS)
    named = Options(metrics=("acc",), files=type(OPTIONS.files)(table="runs"))
    assert len(read_runs(open_table(str(tmp_path / "t.xlsx"), named), named).runs) == 6


def sheet(*above):
    """A workbook with the table below some other rows."""
    book = openpyxl.Workbook()
    for row in [*above, list(FRAME), *FRAME.assign(seed=[0, 1, 2] * 2).itertuples(index=False)]:
        book.active.append(list(row))
    return book


def test_what_is_hidden_in_a_sheet_counts_and_is_said(tmp_path):
    book = sheet()
    for number in (3, 4):
        book.active.row_dimensions[number].hidden = True
    book.active.column_dimensions["B"].hidden = True
    book.save(tmp_path / "t.xlsx")
    found = read_runs(open_table(str(tmp_path / "t.xlsx"), OPTIONS), OPTIONS)
    assert len(found.runs) == len(FRAME)
    assert any(
        note.startswith("2 rows hidden in the sheet, perhaps by a filter, count too: 3, 4.") for note in found.notes
    )
    assert f"1 column hidden in the sheet counts too: {FRAME.columns[1]}." in found.notes


def test_a_merged_cell_counts_in_each_row_and_a_title_in_none(tmp_path):
    book = sheet(["Results"])
    book.active.merge_cells("A1:C1")
    for first in (3, 6):
        book.active.merge_cells(start_row=first, end_row=first + 2, start_column=1, end_column=1)
    book.save(tmp_path / "t.xlsx")
    found = read_runs(open_table(str(tmp_path / "t.xlsx"), OPTIONS), OPTIONS)
    assert found.runs["variant"].tolist() == FRAME["variant"].tolist()
    assert any(note.startswith("3 merged cells: their values count in each row") for note in found.notes)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gzip.compress(b"variant,seed,acc\na,0,1\n", mtime=0)[:-9], "not a whole .gz file"),
        (b"PK\x03\x04 torn", "not a whole .zip file"),
        (b"PAR1 torn PAR1", "not a whole Parquet file"),
        (b"SQLite format 3\0 torn", "not a whole SQLite database"),
        (b"\x80\x04\x95 a pickle", "a Python pickle, which could run any code"),
        (b"\x89HDF\r\n\x1a\n", "HDF5; save the table as CSV"),
        (b"<!DOCTYPE html><p>Sign in", "a web page or XML, not a table"),
        (b'{"variant": "a", "seed": 0\n{', "not JSON"),
        (b'{"variant": "a", "acc": 1}\n{"variant": "a", "acc', "line 2: not JSON"),
        (b'[{"acc": 1, "acc": 2}]', 'has the key "acc" twice'),
        (b"[" * 100_000, "to be a table"),
        (b'{"a": [{"x": 1}], "b": [{"x": 1}]}', "a, b are lists of objects; save the one that is the table"),
        (b"\xff\xfea", "not whole UTF-16 text"),
    ],
)
def test_damaged_and_foreign_files_are_refused_by_name(content, said, tmp_path):
    path = tmp_path / "t.dat"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_runs(open_table(str(path), OPTIONS), OPTIONS)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_several_files_are_one_table(tmp_path):
    for variant, rows in FRAME.groupby("variant"):
        rows.to_csv(tmp_path / f"{variant}.csv", index=False)
    found = read_runs(open_table(str(tmp_path / "*.csv"), OPTIONS), OPTIONS)
    assert found.runs["acc"].tolist() == FRAME["acc"].tolist()
    with pytest.raises(UserError, match="no file fits this pattern"):
        open_table(str(tmp_path / "*.tsv"), OPTIONS)


def test_further_metrics_are_secondary_and_corrected_by_themselves(tmp_path, capsys):
    table = FRAME.assign(loss=[0.5, 0.52, 0.51, 0.4, 0.41, 0.45], f1=[0.5, 0.6, 0.7, 0.55, 0.65, 0.6])
    table.to_csv(tmp_path / "t.csv", index=False)
    command = ["analyse", str(tmp_path / "t.csv"), "--metric", "acc", "--baseline", "a"]
    assert main([*command, "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)["results"]
    further = ["--metric", "loss", "--metric", "f1", "--out", str(tmp_path / "out")]
    assert main([*command, "--json", *further]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert results[0]["comparisons"] == alone[0]["comparisons"]
    assert [(result["metric"], result["higher_is_better"], result["secondary"]) for result in results] == [
        ("acc", True, False),
        ("loss", False, True),
        ("f1", True, True),
    ]
    loss, f1 = (result["comparisons"][0] for result in results[1:])
    assert loss["p_holm"] == pytest.approx(2 * loss["p_value"])
    assert f1["p_holm"] == f1["p_value"]
    assert loss["difference"] == pytest.approx(0.09)
    assert loss["mean"] == pytest.approx(0.42)
    assert "SECONDARY" in (tmp_path / "out/secondary/loss/results.md").read_text()


def test_a_tab_can_be_written_as_shells_do(tmp_path, capsys):
    FRAME.to_csv(tmp_path / "t.txt", index=False, sep="\t")
    assert main(["analyse", str(tmp_path / "t.txt"), "--metric", "acc", "--baseline", "a", "--separator", "\\t"]) == 0
    assert "b" in capsys.readouterr().out


def test_a_single_comparison_of_each_dataset_names_its_correction(tmp_path, capsys):
    table = pd.concat([FRAME.assign(env="x"), FRAME.assign(env="y")])
    table.to_csv(tmp_path / "t.csv", index=False)
    command = ["analyse", str(tmp_path / "t.csv"), "--metric", "acc", "--baseline", "a", "--dataset", "env"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert out.count("Holm p  verdict") == 2
    assert "corrected together over the 2 comparisons of 2 datasets (Holm)" in out
    report = (tmp_path / "out/x/results.md").read_text()
    assert "Holm p" in report
    assert "corrected for 2 comparisons" in report
    assert "at the 0.05 level (corrected for 2 comparisons) detects" in report


def test_a_single_further_metric_needs_no_correction(tmp_path, capsys):
    FRAME.assign(loss=[0.5, 0.52, 0.51, 0.4, 0.41, 0.45]).to_csv(tmp_path / "t.csv", index=False)
    command = ["analyse", str(tmp_path / "t.csv"), "--metric", "acc", "--metric", "loss", "--baseline", "a"]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "SECONDARY, decides nothing:\nloss" in out
    assert "corrected together" not in out


# From Python


def test_a_data_frame_is_analysed_as_its_file_is(tmp_path, capsys):
    found = analyse(FRAME, metric="acc", baseline="a", higher_is_better=True)
    assert found.comparisons["variant"].tolist() == ["b"]
    FRAME.to_csv(tmp_path / "t.csv", index=False)
    main(["analyse", str(tmp_path / "t.csv"), "--metric", "acc", "--baseline", "a", "--higher-is-better"])
    assert capsys.readouterr().out.strip() == str(found).strip()
    assert str(analyse(tmp_path / "t.csv", metric="acc", baseline="a", higher_is_better=True)) == str(found)


def test_a_data_frame_of_polars():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(FRAME.to_dict("list"))
    expected = analyse(FRAME, metric="acc", baseline="a", higher_is_better=True)
    for given in (frame, frame.lazy()):
        found = analyse(given, metric="acc", baseline="a", higher_is_better=True)
        assert found.comparisons.equals(expected.comparisons)


def test_a_data_frame_of_an_experiment_per_dataset():
    frames = [FRAME.assign(env=env, acc=FRAME["acc"] + shift) for env, shift in (("x", 0.0), ("y", 1.0))]
    both = pd.concat(frames)
    with pytest.raises(UserError, match="env varies within the variant a"):
        analyse(both, metric="acc", baseline="a", higher_is_better=True)
    found = analyse(both, metric="acc", baseline="a", higher_is_better=True, dataset="env")
    assert found.comparisons[["dataset", "variant"]].to_numpy().tolist() == [["x", "b"], ["y", "b"]]
    alone = analyse(frames[0], metric="acc", baseline="a", higher_is_better=True)
    assert found.comparisons["p_value"][0] == alone.comparisons["p_value"][0]
    assert found.comparisons["p_holm"][0] >= alone.comparisons["p_holm"][0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"confidence": 95}, "confidence: found 95; Input should be less than or equal to 0.999999"),
        ({"margin": -1}, "margin: found -1; Input should be greater than 0"),
        ({"duplicates": "newest"}, "duplicates: found 'newest'; use one of 'latest'"),
        ({"decimal": ";"}, "decimal: found ';'"),
        ({"thousands": "."}, "thousands: found '.'"),
        ({"separator": "ab"}, 'separator: found "ab"; write one character'),
    ],
)
def test_a_mistake_in_an_argument_is_one_line(given, said):
    with pytest.raises(UserError, match=re.escape(said)) as error:
        analyse(FRAME, **{"metric": "acc", "baseline": "a", "higher_is_better": True} | given)
    assert "\n" not in str(error.value)


def test_a_single_condition_or_column_needs_no_list():
    table = pd.concat([FRAME.assign(env="x", host="h"), FRAME.assign(env="y", host="g")])
    found = analyse(table, metric="acc", baseline="a", higher_is_better=True, where="env=x", ignore="host")
    assert "6 rows that do not meet env=x left out, as asked." in found.notes


def test_paths_say_variant_and_seed_from_python_too(tmp_path):
    for row in FRAME.itertuples():
        folder = tmp_path / row.variant
        folder.mkdir(exist_ok=True)
        (folder / f"{row.seed}.csv").write_text(f"acc\n{row.acc}\n")
    pattern = f"{tmp_path}/{{variant}}/{{seed}}.csv"
    found = analyse(
        f"{tmp_path}/*/*.csv", metric="acc", baseline="a", higher_is_better=True, path_name=pattern, layout="rows"
    )
    assert found.comparisons["difference"].tolist() == pytest.approx(
        [FRAME[FRAME.variant == "b"].acc.mean() - FRAME[FRAME.variant == "a"].acc.mean()]
    )


def test_what_is_no_table_is_said():
    with pytest.raises(UserError, match="found list; need a path, or a data frame"):
        analyse([1], metric="acc", baseline="a", higher_is_better=True)
    twice = pd.concat([FRAME, FRAME["acc"]], axis=1)
    with pytest.raises(UserError, match='the data frame: two columns are named "acc"'):
        analyse(twice, metric="acc", baseline="a", higher_is_better=True)


# Output


def test_files_are_written_before_anything_is_printed(tmp_path, monkeypatch):
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

        def fileno(self):
            return 1

    FRAME.to_csv(tmp_path / "t.csv", index=False)
    monkeypatch.setattr("os.dup2", lambda *_: None)
    monkeypatch.setattr(sys, "stdout", Closed())
    out = str(tmp_path / "out")
    assert main(["analyse", str(tmp_path / "t.csv"), "--metric", "acc", "--baseline", "a", "--out", out]) == 0
    assert {"results.md", "page.html", "summary.csv", "comparisons.csv"} <= {path.name for path in Path(out).iterdir()}


def test_fifty_variants_fit_a_terminal(tmp_path, capsys):
    rows = [
        f"{'a-long-name-of-a-variant' * (1 + number % 2)}-{number},{seed},{number / 100 + seed / 1000}"
        for number in range(50)
        for seed in range(3)
    ]
    (tmp_path / "t.csv").write_text("\n".join(["variant,seed,acc", *rows]))
    assert (
        main(["analyse", str(tmp_path / "t.csv"), "--metric", "acc", "--baseline", "a-long-name-of-a-variant-0"]) == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("a-long-name-of-a-variant" in line and "," not in line and "(" not in line for line in lines) >= 50


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"0": 0.8, "1": 0.81, "7": 0.82}, "b": {"seed_0": 0.9, "seed_1": 0.91}}',
        '{"a": {"0": {"acc": 0.8}, "1": {"acc": 0.81}, "7": {"acc": 0.82}},'
        ' "b": {"0": {"acc": 0.9}, "1": {"acc": 0.91}}}',
    ],
)
def test_scores_by_variant_and_seed_in_json(text, tmp_path):
    (tmp_path / "t.json").write_text(text)
    runs = read_runs(open_table(str(tmp_path / "t.json"), OPTIONS), OPTIONS).runs
    found = list(zip(runs["variant"], runs["seed"], runs["acc"], strict=True))
    assert found == [("a", 0, 0.8), ("a", 1, 0.81), ("a", 7, 0.82), ("b", 0, 0.9), ("b", 1, 0.91)]


def test_a_title_without_separators_is_skipped_and_said(tmp_path):
    (tmp_path / "t.csv").write_text("Results of the ablation\n\n" + FRAME.to_csv(index=False))
    found = read_runs(open_table(str(tmp_path / "t.csv"), OPTIONS), OPTIONS)
    assert len(found.runs) == len(FRAME)
    assert found.notes == ("A title or comments above the header in line 1 were skipped.",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FRAME.to_html(), "a table in HTML"),
        ("<html><body>" + FRAME.to_html() + "</body></html>", "a table in HTML"),
        ("\\begin{tabular}{lrr}\nvariant & seed & acc \\\\\na & 0 & 0.8 \\\\\n\\end{tabular}\n", "a table in LaTeX"),
        ("variant & seed & acc \\\\\na & 0 & 0.8 \\\\\n", "a table in LaTeX"),
        ("variant,seed,acc\na,0,C\na,1,I\nb,0,C\nb,1,C\n", "write 1 for what is right and 0 for what is wrong"),
    ],
)
def test_tables_made_to_be_looked_at_are_named(text, said, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(UserError, match=said):
        read_runs(open_table(str(tmp_path / "t.csv"), OPTIONS), OPTIONS)

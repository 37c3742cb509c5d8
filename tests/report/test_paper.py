"""Tables for papers and the one-line summary: their content, and that LaTeX accepts them with any label."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess

import pytest
from made_studies import A, B, C, make_report

from seedwise.report.text import paper
from tests.plans import accuracy_plan

AWKWARD = r"[50%] & #1_a^2 ~x{y} \z <b> $5 | * ±"


def files(tmp_path, scores, plan=None, **changes):
    """Return the text of each file, by its path below the study's folder."""
    report = make_report(scores, plan, **changes)
    return {str(path.relative_to(tmp_path)): text for path, text in paper.paper_files(report, tmp_path).items()}


def test_the_tables_show_the_numbers_of_the_report(tmp_path):
    made = files(tmp_path, {"A": A, "B": B})
    assert r"A & $0.8437$ & $0.0067$ & $[0.8271, 0.8602]$ & $[0.8380, 0.8510]$ & 3 \\" in made["tables/results.tex"]
    assert r"B & $+0.0143$ & $[0.0003, 0.0284]$ & $0.0476$ & $2.21$ & better \\" in made["tables/comparisons.tex"]
    rows = list(csv.DictReader(io.StringIO(made["tables/results.csv"])))
    assert rows[0] | {"mean": "0.8437", "verdict": "baseline", "difference": ""} == rows[0]
    assert rows[1] | {"difference": "0.0143", "p": "0.047637", "verdict": "BETTER"} == rows[1]


def test_a_study_of_one_variant_has_no_table_of_comparisons(tmp_path):
    assert set(files(tmp_path, {"A": A})) == {"tables/results.tex", "tables/results.csv", "summary.txt"}


def test_undefined_values_are_a_dash_or_empty(tmp_path):
    made = files(tmp_path, {"A": [0.9, None, None], "B": [None] * 3})
    assert r"B & --- & --- & --- & --- & 0 \\" in made["tables/results.tex"]
    assert "5 runs diverged and are not in the means." in made["tables/results.tex"]
    assert "B,0,,,,,,,,,NO_RESULT\n" in made["tables/results.csv"]


def test_runs_without_a_spread_have_no_interval(tmp_path):
    made = files(tmp_path, {"A": A, "B": [0.905] * 3})
    assert r"B & $0.9050$ & $0.0000$ & --- & --- & 3 \\" in made["tables/results.tex"]
    assert "Where all runs agree there is no spread, and so no interval." in made["tables/results.tex"]
    assert "no spread" not in files(tmp_path, {"A": A, "B": B})["tables/results.tex"]
    assert "B,3,0.9050,0.0000,,," in made["tables/results.csv"]
    assert files(tmp_path, {"B": [0.905] * 3})["summary.txt"].startswith("small: B 0.9050 without a spread;")


def test_exploratory_tables_say_so(tmp_path):
    made = files(tmp_path, {"A": A, "B": B}, exploratory=["seeds were added"])
    assert "Exploratory:" in made["tables/comparisons.tex"]
    assert "B EXPLORATORY BETTER (fragile; Δ" in made["summary.txt"]


def test_the_summary_is_one_line_however_many_variants(tmp_path):
    assert files(tmp_path, {"A": A, "B": B})["summary.txt"] == (
        "small: B BETTER (fragile; Δ = +0.0143, 95% CI [0.0003, 0.0284], p = 0.0476); test accuracy vs A, 3 seeds\n"
    )
    many = {"A": A} | {f"v{i}": [score + 0.1 for score in C] for i in range(2)} | {f"w{i}": C for i in range(3)}
    assert files(tmp_path, many)["summary.txt"] == (
        "small: 2 BETTER (v0 and v1), 3 NOT_SUPPORTED; test accuracy vs A, 3 seeds\n"
    )
    assert files(tmp_path, {"A": A})["summary.txt"] == "small: A 0.8437 ± 0.0067; test accuracy, 3 seeds\n"


def test_dunnetts_p_is_not_called_holms(tmp_path):
    made = files(tmp_path, {"A": A, "B": B, "C": C}, accuracy_plan("A", variance="pooled"))
    assert "(Dunnett's test)" in made["tables/comparisons.tex"]


def test_labels_are_escaped():
    assert paper.tex(r"a_b & 50% {x} \y") == r"a\_b \& 50\% \{x\} \textbackslash{}y"
    assert paper.tex("−1 × ±2") == r"$-$1 $\times$ $\pm$2"
    assert paper.tex("[a] *b*") == "{[}a] {*}b{*}"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_latex_accepts_the_tables(tmp_path):
    made = files(tmp_path, {"A": A, "B": B}, labels={"A": AWKWARD, "B": "* " + AWKWARD})
    body = made["tables/results.tex"] + made["tables/comparisons.tex"]
    document = rf"\documentclass{{article}}\usepackage{{booktabs}}\begin{{document}}{body}\end{{document}}"
    (tmp_path / "paper.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-2000:]

"""results.md as a whole: the stored texts, its sections, and what it must never contain."""

from __future__ import annotations

import dataclasses
import io
import re
import subprocess
import sys

import jinja2
import pandas as pd
import pytest
from expected_reports import EXPECTED, reports
from made_studies import A, B, C, make_report

from seedwise.report.text.results import render_results
from seedwise.statistics.analysis import format_table
from tests.plans import accuracy_plan

SECTIONS = ["Setup", "Results", "What cannot be concluded", "Warnings", "Lost runs", "The declared plan", "All runs"]
NEVER = re.compile(r"\b(nan|none|inf|null|infinity|NA)\b", re.IGNORECASE)
AWKWARD = {
    "one diverged": {"a": [None, None, None], "b": A},
    "baseline diverged": {"a": A, "b": [None, None, None]},
    "constant": {"a": [0.9, 0.9, 0.9], "b": [0.9, 0.9, 0.9]},
    "one constant": {"a": [0.9, 0.9, 0.9], "b": A},
    "one seed": {"a": [0.9], "b": [0.8]},
    "two seeds": {"a": [0.9, 0.91], "b": [0.8, 0.82]},
    "infinite": {"a": A, "b": [0.9, float("inf"), 0.8]},
    "negative": {"a": [-1.3, -1.2, -1.1], "b": [-1.5, -1.4, -1.6]},
    "tiny": {"a": [1e-6, 2e-6, 3e-6], "b": [1e-5, 2e-5, 3e-5]},
    "twelve": {f"v{i}": [0.9 + 0.001 * i, 0.901, 0.902 - 0.0004 * i] for i in range(12)},
}


@pytest.mark.parametrize("name", sorted(reports()))
def test_the_report_is_the_stored_text(name):
    expected = (EXPECTED / f"{name}.md").read_text(encoding="utf-8")
    assert render_results(reports()[name]) == expected


def test_every_stored_text_belongs_to_a_report():
    assert {path.stem for path in EXPECTED.glob("*.md")} == set(reports())


@pytest.mark.parametrize("name", sorted(AWKWARD))
@pytest.mark.parametrize("pairing", ["none", "seed"])
def test_undefined_numbers_are_never_shown(name, pairing):
    scores = AWKWARD[name]
    text = render_results(make_report(scores, accuracy_plan(next(iter(scores)), pairing=pairing)))
    report, _, rest = text.partition("## The declared plan")
    assert not NEVER.search(report), NEVER.search(report)
    assert not NEVER.search(rest.partition("## All runs")[2])
    assert [section for section in SECTIONS if f"\n## {section}\n" in text] == SECTIONS


def test_declared_plan_is_shown_with_its_hash():
    report = make_report({"A": A, "B": B}, accuracy_plan("A", margin=0.02))
    text = render_results(report)
    assert f"its hash is `{report.plan_hash}`" in text
    for row in ("| `margin` | `0.02` |", "| `pairing` | `none` |", "| `seeds` | `[0, 1, 2]` |"):
        assert row in text


def test_tables_read_from_csv_give_the_same_text():
    report = make_report({"A": A, "B": B, "C": [0.9, None, 0.8], "D": [None] * 3})
    stored = {name: format_table(getattr(report, name)) for name in ("runs", "summary", "comparisons")}
    read = {name: pd.read_csv(io.StringIO(text)) for name, text in stored.items()}
    assert render_results(dataclasses.replace(report, **read)) == render_results(report)


def test_pipes_and_markup_in_labels_do_not_break_the_tables():
    text = render_results(make_report({"A": A, "B": B}, labels={"A": "a|b", "B": "*x* `y` <z>"}))
    assert r"\*x\* \`y\` \<z\>" in text
    assert r"a\|b" in text
    assert "a|b" not in text


def test_every_table_row_has_as_many_cells_as_its_header():
    text = render_results(make_report({f"v|{i}": A for i in range(4)}))
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_all_runs_are_listed_with_their_exact_value():
    text = render_results(make_report({"A": [0.8419999999999999, None], "B": [0.25, 0.5]}))
    runs = text.partition("## All runs")[2]
    assert "| A | 0 | finished | 0.8419999999999999 |" in runs
    assert "| A | 1 | diverged | — |" in runs
    assert "| B | 1 | finished | 0.5 |" in runs


def test_scores_in_the_table_of_runs_have_equally_many_places_and_lose_none():
    runs = render_results(make_report({"A": [0.78, 0.7825], "B": [-0.5, None]})).partition("## All runs")[2]
    for row in ("| A | 0 | finished | 0.7800 |", "| A | 1 | finished | 0.7825 |", "| B | 0 | finished | -0.5000 |"):
        assert row in runs
    large = render_results(make_report({"A": [12345678.5, 12345679.25], "B": [3.0, 4.0]})).partition("## All runs")[2]
    assert "| A | 1 | finished | 12345679.25 |" in large


def test_every_verdict_is_prefixed_when_the_study_deviated_from_its_plan():
    text = render_results(make_report({"A": A, "B": B, "C": C}, exploratory=["seeds were added", "the plan differs"]))
    verdicts = re.findall(r"^### .*: (.*)$", text, re.MULTILINE)
    assert len(verdicts) == 2
    assert all(verdict.startswith("EXPLORATORY ") for verdict in verdicts)
    assert text.splitlines()[2].startswith("**EXPLORATORY**")
    assert "- seeds were added\n- the plan differs\n" in text
    assert "under the declared plan" not in text


@pytest.mark.parametrize(
    ("plan", "explained"),
    [
        (
            accuracy_plan("baseline"),
            ["Holm p", "Welch's t test", "Hedges' g", "Permutation p", "Wins", "Not settled", "Fragile"],
        ),
        (accuracy_plan("baseline", pairing="seed"), ["Holm p", "Paired t test by seed", "Hedges' g", "Wins"]),
        (accuracy_plan("baseline", variance="pooled"), ["Dunnett p", "Dunnett's test", "Permutation p"]),
    ],
)
def test_the_words_of_the_tables_are_explained(plan, explained):
    text = render_results(make_report({"baseline": A, "augment": B, "dropout": C}, plan))
    words = text.split("The words of this page")[1].split("</details>")[0]
    assert [word for word in explained if f"*{word}*" not in words] == []
    assert "Holm" not in "".join(render_results(make_report({"A": A, "B": B})).split("</details>")[0])


def test_one_variant_has_no_comparison_section():
    text = render_results(make_report({"A": A}))
    assert "Is the gap larger" not in text
    assert "No other variant is compared with it." in text


def test_warnings_are_listed_and_their_absence_is_stated():
    with_warning = render_results(make_report({"A": A}, warnings=["Test set has 300 examples."]))
    assert "## Warnings\n\n- Test set has 300 examples.\n" in with_warning
    assert "## Warnings\n\nNo warning applies.\n" in render_results(make_report({"A": A}, warnings=[]))


def test_failed_and_diverged_runs_are_counted_separately():
    report = make_report({"A": [*A, None], "B": B})
    summary = report.summary.assign(n_failed=[2, 0])
    text = render_results(dataclasses.replace(report, summary=summary))
    assert "- **A**: 1 of 4 runs diverged; 4 runs cannot rule out a rate of up to 75%. 2 runs failed" in text
    assert "- **B**: 0 of 3 runs diverged; 3 runs cannot rule out a rate of up to 63%." in text


def test_figures_are_shown_where_they_exist():
    report = make_report({"A": A, "B": B}, figures={"power": "figures/power.png"})
    text = render_results(report)
    assert "](figures/power.png)" in text
    assert text.count("![") == 1


def test_a_missing_column_is_named():
    report = make_report({"A": A, "B": B})
    with pytest.raises(KeyError, match="p_holm"):
        render_results(dataclasses.replace(report, comparisons=report.comparisons.drop(columns="p_holm")))


def test_no_blank_line_is_doubled_and_the_file_ends_with_one_newline():
    for report in reports().values():
        text = render_results(report)
        assert "\n\n\n" not in text
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert not re.search(r"[ \t]$", text, re.MULTILINE)


def test_the_template_refuses_undefined_names(monkeypatch):
    monkeypatch.setattr("seedwise.report.text.origin.origin", lambda _: jinja2.StrictUndefined(name="origin"))
    with pytest.raises(jinja2.UndefinedError, match="origin"):
        render_results(make_report({"A": A}))


def test_report_needs_neither_matplotlib_nor_torch_nor_snakemake():
    heavy = "{'matplotlib', 'torch', 'snakemake'}"
    program = f"import sys, seedwise.report.text.results; print(sorted({heavy} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"

"""One hostile text in every field of a study's report, and no output in which it is more than text."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import pandas as pd
import pytest
from hostile import HOSTILE, check_html, check_markdown, check_plain, check_tex
from made_studies import FAILED, A, B, C, make_report

from seedwise.analysis.findings import Findings, read_findings, warned, write_findings
from seedwise.progress.banner import finding
from seedwise.progress.states import RunState
from seedwise.progress.status import status_json, status_text
from seedwise.report.figures import style
from seedwise.report.figures.registry import FIGURES
from seedwise.report.page.page import render_page
from seedwise.report.text.paper import paper_files
from seedwise.report.text.results import render_results
from seedwise.report.text.two_studies import render_markdown
from seedwise.report.two_studies import FinishedStudy, compare_studies
from seedwise.statistics.warnings import note
from seedwise.watch.page import render_page as render_watch
from tests.plans import accuracy_plan

LABELS = {name: f"{name} {HOSTILE}" for name in ("a", "b", "c")}
METRIC = f"score {HOSTILE}"


@pytest.fixture(scope="module")
def report():
    """A report in which every text that a user, a program or git may have written is the hostile one."""
    scores = {"a": [*A, 0.85], "b": [*B, FAILED], "c": [*C, None]}
    made = make_report(
        scores,
        accuracy_plan("a", metric=METRIC),
        labels=LABELS,
        title=HOSTILE,
        config_file=HOSTILE,
        setup={HOSTILE: HOSTILE},
        exploratory=[HOSTILE],
        warnings=[HOSTILE],
        commands=[HOSTILE],
        commit=HOSTILE,
        commits={HOSTILE: 2, f"{HOSTILE}2": 2},
        uncommitted=[HOSTILE],
        whole_commit=HOSTILE,
        versions={HOSTILE: HOSTILE},
        panels=[METRIC],
        figures={kind: f"figures/{kind}.png" for kind in ("means", "differences", "power", "pairing", "curves")},
    )
    runs = made.runs.assign(**{f"other {HOSTILE}": 0.5, "reason": HOSTILE})
    curve = pd.DataFrame({"step": [1, 2, 3], METRIC: [0.1, 0.2, 0.3], f"other {HOSTILE}": [3.0, 2.0, 1.0]})
    changed = [replace(variant, changes=f"text = {HOSTILE}") for variant in made.variants]
    histories = {(run["variant"], run["seed"]): curve for run in runs.to_dict("records")}
    return replace(made, runs=runs, variants=changed, histories=histories)


def test_the_report_shows_it_as_text(report, tmp_path):
    text = render_results(report)
    check_markdown(text)
    (tmp_path / "results.md").write_text(text, encoding="utf-8")
    check_plain(finding(tmp_path / "results.md"))
    assert "&NoBreak;" not in finding(tmp_path / "results.md")


def test_the_page_shows_it_as_text(report, monkeypatch):
    monkeypatch.setattr("seedwise.report.page.page.packed_vega", str)  # which takes seconds
    check_html(render_page(report))


def test_the_tables_for_papers_and_the_summary_show_it_as_text(report, tmp_path):
    files = {path.name: text for path, text in paper_files(report, tmp_path).items()}
    check_tex(files["results.tex"])
    check_tex(files["comparisons.tex"])
    check_plain(files["summary.txt"])
    assert files["summary.txt"].count("\n") == 1


@pytest.mark.parametrize("kind", ["means", "differences", "power", "pairing", "curves"])
def test_a_figure_shows_it_as_text(report, kind, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(style, "DPI", 20)
    monkeypatch.setattr(style, "RC", {**style.RC, "svg.fonttype": "none"})
    svg = tmp_path / "figure.svg"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FIGURES[kind](report, tmp_path / "figure.png", svg)
    assert capsys.readouterr().err == "", "every glyph is there"
    drawn = svg.read_text(encoding="utf-8")
    check_plain(drawn)
    assert "<img" not in drawn
    assert "</script" not in drawn


def test_findings_keep_it_as_data(report, tmp_path):
    findings = Findings(
        plan_hash=report.plan_hash, exploratory=[HOSTILE], warnings=warned([note(HOSTILE)]), test_set=[]
    )
    write_findings(tmp_path / "findings.json", findings)
    assert read_findings(tmp_path / "findings.json").warnings[0].sentence == HOSTILE
    assert json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))["exploratory"] == [HOSTILE]


def test_two_studies_side_by_side_show_it_as_text(report):
    rows = ({row.variant: row for row in found} for found in (report.summary_rows, report.comparison_rows))
    study = FinishedStudy(HOSTILE, report.plan, HOSTILE, False, *rows)
    compared = compare_studies(study, study)
    check_markdown(render_markdown(study, study, compared, HOSTILE))


def test_a_terminal_shows_it_as_text():
    failed = RunState(variant="a", seed=0, unit="step", steps=None, state="failed", reason=HOSTILE, log=HOSTILE)
    outdated = failed.model_copy(update={"state": "outdated", "log": None})
    check_plain(status_text("tiny", [failed, outdated]))
    assert json.loads(status_json("tiny", [failed]))["runs"][0]["reason"] == HOSTILE


def test_the_live_page_shows_it_as_text():
    layout = {"study": "tiny", "title": HOSTILE, "config": HOSTILE, "variants": [HOSTILE], "seeds": [0]}
    state = {"layout": layout, "runs": [{"n": 0, "state": "failed", "reason": HOSTILE}]}
    check_html(render_watch(state, nonce="n", details={0: {"log": HOSTILE, "path": HOSTILE}}))

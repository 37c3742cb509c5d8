"""Every metric is called by its own name everywhere, and no text applies only to image classifiers."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest
from made_studies import A, B, make_report, make_runs

from seedwise.report.curves import curve_columns, panel_columns
from seedwise.report.figures import style
from seedwise.report.figures.registry import FIGURES
from seedwise.report.page.page import render_page
from seedwise.report.text.paper import paper_files
from seedwise.report.text.results import render_results
from seedwise.report.text.terminal import verdict_table
from seedwise.statistics.analysis import analyse
from tests.plans import accuracy_plan

FOREIGN = re.compile(r"accurac|epoch|test set|test examples|validation|training|trained", re.IGNORECASE)
METRICS = {
    "f1": ("f1", True, 1.0),
    "eval/BLEU_4": ("eval/BLEU 4", True, 30.0),
    "episodic_return": ("episodic return", True, 990.0),
    "perplexity": ("perplexity", False, 20.0),
}


def report_of(metric):
    _, higher, scale = METRICS[metric]
    scores = {"A": [scale * score for score in A], "B": [scale * score for score in B]}
    plan = accuracy_plan("A", metric=metric, higher_is_better=higher)
    runs = make_runs(scores, metric).drop(columns="train_loss").assign(tokens=[10, 20, 30] * 2, note="x")
    figures = {name: f"figures/{name}.png" for name in ("means", "differences", "power", "pairing")}
    changes = {"setup": {}, "has_test_set": False, "step": "step", "figures": figures, "runs": runs}
    return make_report(scores, plan, **changes)


@pytest.mark.parametrize("metric", METRICS)
def test_results_and_paper_tables_call_the_metric_by_its_name(metric, tmp_path):
    label, higher, _ = METRICS[metric]
    report = report_of(metric)
    text = render_results(report)
    direction = "higher" if higher else "lower"
    assert f"better or worse than **A** in {label} ({direction} is better)?" in text
    assert f"its mean {label} is " in text
    assert f"*Bars: mean {label} over 3 seeds" in text
    assert f"| Variant | Seed | Status | `{metric}` | `tokens` |" in text
    assert not FOREIGN.search(text)
    made = {path.name: content for path, content in paper_files(report, tmp_path).items()}
    assert f"{label[0].upper()}{label[1:]} ({direction} is better)" in made["results.tex"]
    assert f"in {label} (positive is better)" in made["comparisons.tex"]
    assert f"; {label} vs A, 3 seeds" in made["summary.txt"]
    assert not FOREIGN.search("".join(made.values()))


def test_the_terminal_calls_the_metric_by_its_name():
    report = report_of("episodic_return")
    shown = verdict_table(analyse(report.runs, report.plan), report.plan)
    assert shown.startswith("episodic return, higher is better; ")
    assert "The interval covers new seeds only." in " ".join(shown.split())
    assert not FOREIGN.search(shown)


@pytest.mark.parametrize("name", ["means", "differences", "power", "pairing"])
def test_every_figure_calls_the_metric_by_its_name(name, tmp_path, monkeypatch):
    monkeypatch.setattr(style, "RC", {**style.RC, "svg.fonttype": "none"})
    FIGURES[name](report_of("episodic_return"), tmp_path / "a.png", tmp_path / "a.svg")
    words = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", (tmp_path / "a.svg").read_text(encoding="utf-8")))
    assert "episodic return" in words.lower()
    assert not FOREIGN.search(words)


def test_the_page_calls_the_metric_by_its_name():
    page = render_page(report_of("eval/BLEU_4")).partition('<script type="text/plain"')[0]
    body = page.partition("<body>")[2]
    assert "The compared metric has all the digits that it has in runs.csv." in body
    assert '"metric":"eval/BLEU 4"' in body
    assert not FOREIGN.search(body)


def test_a_metric_with_markup_in_its_name_is_literal_text(tmp_path):
    plan = accuracy_plan("A", metric="*f*|1")
    text = render_results(make_report({"A": A, "B": B}, plan))
    assert r"in \*f\*\|1 (higher is better)" in text
    assert r"`*f*\|1`" in text


HISTORY = pd.DataFrame(
    {"frames": [100, 200], "mean_return": [1.0, 2.0], "phase": ["warm-up", "on"], "loss": [3.0, 2.0], "seconds": [1, 1]}
)


def test_every_number_of_a_history_is_a_curve_except_step_and_time():
    assert curve_columns([HISTORY]) == ["mean_return", "loss"]
    assert curve_columns([HISTORY], ["loss", "absent"]) == ["loss", "mean_return"]


def test_the_figure_has_at_most_two_panels_and_one_if_the_trainer_names_none():
    assert panel_columns([HISTORY], ["loss", "mean_return", "frames"]) == ["loss", "mean_return"]
    assert panel_columns([HISTORY], ["absent"]) == ["mean_return"]
    assert panel_columns([], ["loss"]) == []


def test_curves_are_drawn_whatever_the_name_of_the_steps(tmp_path, monkeypatch):
    monkeypatch.setattr(style, "RC", {**style.RC, "svg.fonttype": "none"})
    histories = {(variant, seed): HISTORY for variant in "AB" for seed in range(3)}
    report = replace(report_of("episodic_return"), histories=histories)
    FIGURES["curves"](report, tmp_path / "a.png", tmp_path / "a.svg")
    words = re.findall(r"<text[^>]*>([^<]*)</text>", (tmp_path / "a.svg").read_text(encoding="utf-8"))
    assert {"Mean return", "Frames"} <= set(words)
    page = render_page(report)
    assert '"step":"frames","columns":[["mean_return","mean return"],["loss","loss"]]' in page
    assert '"curve":{"steps":[100.0,200.0],"columns":{"mean_return":[1.0,2.0],"loss":[3.0,2.0]}}' in page

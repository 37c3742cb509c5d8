"""Figures: the same bytes from the same data, and the content of their SVG."""

from __future__ import annotations

import re
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from made_studies import A, B, C, make_report

from seedwise.report.figures import style
from seedwise.report.figures.curves import mean_curve
from seedwise.report.figures.means import bar_start
from seedwise.report.figures.registry import FIGURES
from tests.plans import accuracy_plan

LOSS = {"metric": "test_loss", "higher_is_better": False}
KINDS = ("means", "differences", "power", "pairing", "curves")
RNG = np.random.default_rng(0)
STUDIES = {
    "three": ({"a": A, "b": B, "c": C}, {}),
    "twelve": ({f"v{i}": [float(x) for x in RNG.normal(0.9 + 0.003 * i, 0.005, 3)] for i in range(12)}, {}),
    "one variant": ({"a": A}, {}),
    "one seed": ({"a": [0.84], "b": [0.85]}, {}),
    "thirty seeds": ({name: [float(x) for x in RNG.normal(0.9, 0.01, 30)] for name in "ab"}, {"margin": 0.004}),
    "negative": ({"a": [-1.32, -1.35, -1.3], "b": [-1.28, -1.29, -1.31]}, {"metric": "test_log_likelihood"}),
    "loss": ({"a": [0.32, 0.35, 0.3], "b": [0.48, None, 0.41], "c": [None, None, None]}, LOSS),
    "both signs": ({"a": [-0.1, 0.2, 0.1], "b": [0.3, 0.5, 0.4]}, {"metric": "return"}),
    "constant": ({"a": [0.84] * 3, "b": [0.84] * 3}, {}),
    "all diverged": ({"a": [None, None], "b": [None, None]}, LOSS),
}


def draw(name, folder, labels=None, dpi=30, only=KINDS):
    """Draw the figures of one study at a low resolution; return their SVG by kind."""
    scores, fields = STUDIES[name]
    plan = accuracy_plan(next(iter(scores)), **fields)
    labels = labels or {variant: f"Variant {variant} with a rather long label" for variant in scores}
    panels = ("validation_loss" if "loss" in plan.metric else "validation_accuracy", "train_loss")
    report = make_report(scores, plan, labels=labels, histories=histories(scores), panels=panels)
    folder.mkdir(exist_ok=True)
    # Keep text as text, so that the tests can read it.
    style_rc = {**style.RC, "svg.fonttype": "none"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style, "RC", style_rc)
        patch.setattr(style, "DPI", dpi)
        for kind in only:
            FIGURES[kind](report, folder / f"{kind}.png", folder / f"{kind}.svg")
    return {kind: (folder / f"{kind}.svg").read_text(encoding="utf-8") for kind in only}


def shown(name, folder, kind, labels=None):
    """Return the words of one figure of a study."""
    return words(draw(name, folder, labels, only=(kind,))[kind])


def histories(scores):
    """Return ten epochs per run; a diverged run stops after four, with a loss of NaN."""
    return {
        (variant, seed): history(10 if value is not None else 4)
        for variant, values in scores.items()
        for seed, value in enumerate(values)
    }


def history(epochs):
    accuracy = 0.9 - 0.5 / np.arange(1, epochs + 1)
    loss = np.where(np.arange(epochs) == 3, np.nan, 1 - accuracy) if epochs == 4 else 1 - accuracy
    return pd.DataFrame(
        {"epoch": range(1, epochs + 1), "validation_accuracy": accuracy, "validation_loss": loss, "train_loss": loss}
    )


def words(svg):
    return " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))


@pytest.mark.parametrize("name", ["three", "loss"])
def test_same_data_give_the_same_bytes(name, tmp_path):
    draw(name, tmp_path / "first", dpi=60)
    draw(name, tmp_path / "second", dpi=60)
    files = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert len(files) == 10
    for file in files:
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_files_contain_neither_date_nor_software(tmp_path):
    draw("one variant", tmp_path, only=("means",))
    assert b"Software" not in (tmp_path / "means.png").read_bytes()
    svg = (tmp_path / "means.svg").read_text(encoding="utf-8")
    assert "<dc:date>" not in svg
    assert mpl.__version__ not in svg


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_every_kind_of_study_can_be_drawn(name, tmp_path):
    for svg in draw(name, tmp_path).values():
        assert svg.rstrip().endswith("</svg>")
        assert not re.search(r"\b(nan|None|inf)\b", words(svg))


def test_bars_that_do_not_start_at_zero_are_marked(tmp_path):
    assert "y axis starts at 0.81, not at 0" in shown("three", tmp_path, "means")
    assert "y axis ends at −1.2, not at 0" in shown("negative", tmp_path, "means")
    assert "y axis" not in shown("both signs", tmp_path, "means")
    assert "y axis" not in shown("loss", tmp_path, "means")


@pytest.mark.parametrize("name", sorted(set(STUDIES) - {"all diverged"}))
def test_bars_start_outside_everything_shown(name):
    scores, fields = STUDIES[name]
    report = make_report(scores, accuracy_plan(next(iter(scores)), **fields))
    rows = report.summary_rows
    start = bar_start(rows)
    shown = [value for row in rows for value in (row.t_low, row.t_high, *row.values) if value is not None]  # noqa: PD011
    assert start == 0 or start < min(shown) or start > max(shown)


def test_marks_are_named_in_the_figure(tmp_path):
    found = shown("three", tmp_path, "means")
    for mark in ("one run (n = 3)", "95% t interval", "95% percentile bootstrap", "(higher is better)"):
        assert mark in found
    assert "diverged" not in found
    assert "interval" not in shown("one seed", tmp_path, "means")


def test_diverged_runs_are_counted(tmp_path):
    found = shown("loss", tmp_path, "means")
    assert "(1 of 3 diverged)" in found
    assert "(3 of 3 diverged)" in found
    assert "(lower is better)" in found


def test_a_comparison_without_difference_is_marked(tmp_path):
    assert "undefined" in shown("loss", tmp_path, "differences")


def test_margin_and_simultaneous_intervals_are_named_where_drawn(tmp_path):
    assert "margin ±0.0040" in shown("thirty seeds", tmp_path, "differences")
    assert "simultaneous CI" in shown("three", tmp_path, "differences")
    assert "simultaneous CI" not in shown("thirty seeds", tmp_path, "differences")


def test_power_curve_marks_the_study_and_says_when_there_is_no_spread(tmp_path):
    assert "this study: 3 seeds" in shown("three", tmp_path, "power")
    assert "No spread between seeds" in shown("constant", tmp_path, "power")


@pytest.mark.parametrize("fields", [{}, {"pairing": "seed"}, {"variance": "pooled"}], ids=str)
def test_power_has_a_curve_for_each_spread_through_what_the_text_says(tmp_path, monkeypatch, fields):
    drawn = []
    monkeypatch.setattr(style, "save", lambda figure, png, svg: drawn.append(figure))
    scores = {
        "a": [0.84, 0.842, 0.843, 0.841],
        "noisy": [0.85, 0.87, 0.83, 0.86],
        "quiet": [0.845, 0.846, 0.849, 0.846],
    }
    report = make_report(scores, accuracy_plan("a", **fields))
    FIGURES["power"](report, tmp_path / "p.png", tmp_path / "p.svg")
    (axes,) = drawn[0].axes
    lines = [line for line in axes.get_lines() if len(line.get_xdata()) > 2]
    dots = [line.get_xydata()[0] for line in axes.get_lines() if line.get_marker() == "o"]
    assert len(lines) == 2
    for row, line, (n, difference) in zip(report.comparison_rows, lines, dots, strict=True):
        assert (n, difference) == (4, row.detectable_difference)
        assert dict(zip(line.get_xdata(), line.get_ydata(), strict=True))[4] == pytest.approx(difference, rel=1e-4)
    assert (dots[0][1] > 2 * dots[1][1]) == (fields != {"variance": "pooled"})  # one variance, for Dunnett's test
    words = {text.get_text() for legend in drawn[0].legends for text in legend.get_texts()}
    assert words == {"noisy", "quiet", "observed"}


def test_power_has_one_curve_where_variants_scatter_alike(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(style, "save", lambda figure, png, svg: drawn.append(figure))
    report = make_report({"a": A, "b": [score + 0.01 for score in A], "c": [score + 0.02 for score in A]})
    FIGURES["power"](report, tmp_path / "p.png", tmp_path / "p.svg")
    assert len([line for line in drawn[0].axes[0].get_lines() if len(line.get_xdata()) > 2]) == 1
    words = {text.get_text() for legend in drawn[0].legends for text in legend.get_texts()}
    assert words == {"observed, b", "observed, c"}


def test_curves_average_over_the_runs_that_reached_an_epoch():
    runs = [
        pd.DataFrame({"epoch": [1, 2, 3], "validation_loss": [1.0, 0.6, 0.5]}),
        pd.DataFrame({"epoch": [1, 2], "validation_loss": [2.0, float("inf")]}),
    ]
    steps, mean, std = mean_curve(runs, "validation_loss")
    assert list(steps) == [1, 2, 3]
    assert list(mean) == [1.5, 0.6, 0.5]
    assert std == pytest.approx([0.5**0.5, 0, 0])
    assert all(not len(part) for part in mean_curve([], "validation_loss"))


def test_curves_show_the_columns_that_the_trainer_names_for_the_compared_metric(tmp_path):
    found = shown("three", tmp_path / "a", "curves")
    assert "Validation accuracy" in found
    assert "Train loss" in found
    assert "Epoch" in found
    assert "Validation loss" in shown("loss", tmp_path / "b", "curves")


def test_pairs_are_counted_where_both_runs_finished(tmp_path):
    assert "better in 3 of 3 seeds" in shown("three", tmp_path / "a", "pairing")
    found = shown("loss", tmp_path / "b", "pairing")
    assert "better in 0 of 2 seeds" in found  # a lower loss is better, and one run diverged
    assert "no seed in common" in found


def test_the_axis_of_pairs_names_a_baseline_that_has_another_name(tmp_path):
    assert "baseline: plain SGD" in shown("three", tmp_path, "pairing", {"a": "plain SGD", "b": "b", "c": "c"})
    assert "baseline:" not in shown("three", tmp_path, "pairing", {"a": "Baseline", "b": "b", "c": "c"})


def test_labels_are_literal_text(tmp_path):
    found = shown("three", tmp_path, "means", {"a": "a", "b": "$x$ costs $5", "c": "_|_"})
    assert "$x$ costs $5" in found
    assert "_|_" in found


def test_twelve_variants_look_different_and_each_keeps_its_look_if_others_are_left_out():
    names = [f"v{i}" for i in range(12)]
    appearance = style.appearances(names, "v0")
    assert len(set(appearance.values())) == 12
    assert appearance["v0"].colour == style.BASELINE_COLOUR
    assert style.appearances(names[:4], "v0")["v3"] == appearance["v3"]


def test_wrapping_fills_lines_evenly_and_shortens_long_text():
    assert style.wrap("Adam instead of SGD with Nesterov momentum", 26) == "Adam instead of SGD\nwith Nesterov momentum"
    assert style.wrap("short", 26) == "short"
    assert style.wrap("", 26) == ""
    long = style.wrap("word " * 40, 20)
    assert long.count("\n") == style.MOST_LINES - 1
    assert long.endswith("…")


def test_drawing_leaves_global_settings_alone_and_needs_no_display(tmp_path):
    before = dict(mpl.rcParams)
    draw("one variant", tmp_path, only=("means",))
    assert dict(mpl.rcParams) == before
    program = "import sys, seedwise.report.figures.registry; print('matplotlib.pyplot' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"

"""A study of many variants and runs: its figures, headline and table of runs stay readable."""

from __future__ import annotations

import numpy as np
import pytest
from made_studies import make_report
from PIL import Image

from seedwise.report.figures.registry import FIGURES
from seedwise.report.model import MOST_PANELS, MOST_RUNS_IN_TEXT
from seedwise.report.text.captions import means_caption, pairing_caption
from seedwise.report.text.paper import summary_line
from seedwise.report.text.results import render_results

SEEDS = 15
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def report():
    """The first variant is the baseline; each is better than the one before."""
    scores = {f"v{i:03d}": [float(x) for x in RNG.normal(0.5 + 0.002 * i, 0.01, SEEDS)] for i in range(70)}
    return make_report(scores)


@pytest.mark.parametrize("kind", ["means", "differences", "power", "pairing"])
def test_figures_of_many_variants_can_be_shown(tmp_path, report, kind):
    png, svg = tmp_path / "figure.png", tmp_path / "figure.svg"
    FIGURES[kind](report, png, svg)
    with Image.open(png) as image:
        assert image.width < 2000
        assert image.height < 5000


def test_hundreds_of_variants_fit_into_a_figure(tmp_path):
    many = make_report({f"v{i:04d}": [0.5, 0.51 + i / 10**5] for i in range(700)})
    png = tmp_path / "figure.png"
    FIGURES["means"](many, png, tmp_path / "figure.svg")
    with Image.open(png) as image:
        assert image.height <= 30_000


def test_pairs_are_drawn_for_the_clearest_variants_and_the_caption_says_so(report):
    shown = report.variants_with_panels
    assert len(shown) == MOST_PANELS
    assert "v069" in shown
    assert "v001" not in shown
    assert "Shown: the 24 of 69 variants with the lowest p-values." in pairing_caption(report)
    assert means_caption(report).startswith("Large dots: mean")


def test_a_headline_counts_many_variants_and_results_refer_to_the_table_of_runs(report):
    assert len(report.runs) > MOST_RUNS_IN_TEXT
    text = render_results(report)
    better = sum(row.verdict == "BETTER" for row in report.comparison_rows)
    assert f"{better} variants are better than v000" in text
    assert f"All {len(report.runs)} runs are in [runs.csv](runs.csv)" in text
    assert len(text) < 512_000
    assert f"{better} BETTER, " in summary_line(report)

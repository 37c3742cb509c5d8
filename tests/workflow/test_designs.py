"""A factorial study whose one factor is what varies, run to its end: all its tables, figures and sections."""

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

VARIANTS = """\
variants:
  - {name: baseline, label: Baseline}
  - {name: dropout, label: + Dropout, set: {model.dropout: 0.2, training.momentum: 0.8}}
"""
FACTORS = """\
factors:
  vary: {all: {}, init: {training.vary: [init]}}
  dropout: {none: {}, light: {model.dropout: 0.2}}
"""


def test_a_factorial_study_has_its_tables_figure_and_sections(fresh):
    fresh.edit("config.yaml", VARIANTS, FACTORS)
    fresh.run()
    effects = pd.read_csv(fresh.results / "effects.csv")
    assert list(effects["factors"]) == ["vary", "dropout", "vary;dropout"]
    sources = pd.read_csv(fresh.results / "sources.csv", index_col="variant")
    assert list(sources["varied"]) == ["init;order;augmentation;dropout;split", "init"]
    summary = pd.read_csv(fresh.results / "summary.csv", index_col="variant")
    assert list(summary.index) == ["baseline", "dropout-light", "vary-init", "vary-init_dropout-light"]
    assert sources.loc["vary-init", "std"] == pytest.approx(summary.loc["vary-init", "std"])
    report = (fresh.results / "results.md").read_text()
    assert "## Where does the variance come from?" in report
    assert "## What does each factor do, and do factors interact?" in report
    assert (fresh.results / "figures/interactions.svg").exists()
    assert "](figures/interactions.png)" in report
    assert fresh.planned() == {}

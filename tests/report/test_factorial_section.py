"""The section and the figure of a factorial study."""

from __future__ import annotations

import io
import re
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from made_studies import make_report, make_runs

from seedwise.report.figures import style
from seedwise.report.figures.interactions import plot_interactions
from seedwise.report.text.factorial_section import TEXT, factorial_section
from seedwise.report.text.results import render_results
from seedwise.statistics.analysis import format_table
from seedwise.statistics.factorial import factorial_effects
from tests.plans import accuracy_plan

PLAN = accuracy_plan("baseline")
FACTORS = {"crop": ["off", "on"], "rate": ["0.1", "1"]}
CELLS = {
    "baseline": ("off", "0.1"),
    "crop-on": ("on", "0.1"),
    "rate-1": ("off", "1"),
    "crop-on_rate-1": ("on", "1"),
}


def scores(means, n=5):
    rng = np.random.default_rng(0)
    return {name: [float(x) for x in rng.normal(mean, 0.002, n)] for name, mean in zip(CELLS, means, strict=True)}


def effects(made, **plan):
    rows = factorial_effects(make_runs(made), PLAN.model_copy(update=plan), FACTORS, CELLS)
    return pd.DataFrame(map(asdict, rows), dtype=object)


def section(made, frame=None, **changes):
    report = make_report(made, PLAN, **changes)
    return factorial_section(effects(made) if frame is None else frame, report.wording)


def test_each_effect_has_a_sentence_that_claims_only_what_is_supported():
    crop, rate, both = section(scores([0.9, 0.95, 0.9, 0.92])).sentences
    assert crop.startswith("**crop**, on instead of off: is better under the declared plan (Δ = +0.0")
    assert crop.endswith("), averaged over rate.")
    assert "**rate**, 1 instead of 0.1: is worse under the declared plan (Δ = −0.01" in rate
    assert both.startswith(
        "**crop** × **rate**, on instead of off, where **rate** is 1 and not 0.1: gains less there under the declared "
        "plan: they interact (Δ = −0.0"
    )
    nothing = section(scores([0.9, 0.9, 0.9, 0.9])).sentences
    assert [re.search("the data do not support (a difference|an interaction)", text)[1] for text in nothing] == [
        "a difference",
        "a difference",
        "an interaction",
    ]


def test_an_exploratory_study_makes_no_claim():
    found = section(scores([0.9, 0.95, 0.9, 0.92]), exploratory=["seeds were added"])
    assert "under the declared plan" not in " ".join(found.sentences)
    assert "in this exploratory analysis" in found.sentences[0]


def test_the_table_survives_csv_with_levels_that_look_like_numbers():
    made = scores([0.9, 0.95, 0.9, 0.92])
    frame = effects(made)
    read = pd.read_csv(io.StringIO(format_table(frame)), dtype=TEXT)
    found = section(made, read)
    assert found == section(made, frame)
    assert "| crop × rate | on − off, 1 − 0.1 | −0.0" in found.table


def test_undefined_effects_say_so():
    found = section({name: [0.9] for name in CELLS})
    assert {text.split(": ")[1] for text in found.sentences} == {
        "undefined, because the noise of a combination cannot be estimated."
    }
    assert "nan" not in found.table


def test_the_section_and_its_figure_are_in_the_report():
    made = scores([0.9, 0.95, 0.9, 0.92])
    report = make_report(made, PLAN, figures={"interactions": "figures/interactions.png"})
    assert "What does each factor do" not in render_results(report)
    text = render_results(replace(report, effects=effects(made)))
    assert "\n## What does each factor do, and do factors interact?\n\n- **crop**" in text
    assert "](figures/interactions.png)" in text
    assert "corrected for all 3 effects" in text
    assert "\n\n\n" not in text


@pytest.mark.parametrize("lost", [False, True])
def test_the_figure_has_one_line_per_level_and_is_reproducible(lost, tmp_path, monkeypatch):
    made = scores([0.9, 0.95, 0.9, 0.92])
    if lost:
        made["crop-on"] = [None] * 5
    monkeypatch.setattr(style, "RC", {**style.RC, "svg.fonttype": "none"})
    report = make_report(made, PLAN, design={"factors": FACTORS, "cells": CELLS})
    files = [(tmp_path / f"{name}.png", tmp_path / f"{name}.svg") for name in ("one", "two")]
    for png, svg in files:
        plot_interactions(report, png, svg)
    assert files[0][0].read_bytes() == files[1][0].read_bytes()
    svg = files[0][1].read_text(encoding="utf-8")
    words = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert {"crop", "rate", "off", "on", "0.1", "1", "Test accuracy"} <= set(words)

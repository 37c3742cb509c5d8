"""The section on the sources of variance, which exists only if variants differ in what varies."""

from __future__ import annotations

from dataclasses import asdict, replace

import pandas as pd
from made_studies import A, make_report

from seedwise.report.text import randomness_section as words
from seedwise.report.text.results import render_results
from seedwise.statistics.randomness import contributions
from seedwise.trainers.image_classifier.settings import STREAM_WORDS, STREAMS
from tests.plans import accuracy_plan

PLAN = accuracy_plan("all")


def section(varied, **scores):
    runs = pd.DataFrame([{"variant": v, "seed": i, "m": x} for v, xs in scores.items() for i, x in enumerate(xs)])
    frame = pd.DataFrame(map(asdict, contributions(runs, "m", varied, STREAMS)), dtype=object)
    report = make_report(scores, PLAN)
    return words.randomness_section(frame, report.wording, report.escaped, STREAM_WORDS)


def test_every_source_has_a_name():
    assert tuple(STREAM_WORDS) == STREAMS


def test_each_variant_has_a_sentence_with_its_share_and_its_interval():
    wide = [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]
    found = section(
        {"all": STREAMS, "init": ("init",), "both": ("order", "split"), "none": ()},
        all=wide,
        init=[0.0, 0.1, 0.2, 0.3, 0.4, 0.5],
        both=[x * 0.9 for x in wide],
        none=[1.0] * 6,
    )
    everything, init, both, none = found.sentences
    assert everything.startswith("**all**, where everything varies: a standard deviation of 18.708 (95% CI [")
    assert "where only the initial weights vary: " in init
    assert init.endswith("of the variance of **all** (95% CI [less than 0.1%, less than 0.1%]): less than there.")
    assert "the order of the data and the validation split vary: " in both
    assert ", 81% of the variance of **all** (95% CI [" in both
    assert both.endswith("These runs do not show whether the two variances differ.")
    assert none == "**none**, where nothing varies: all 6 runs gave the same result."
    assert "| none | nothing | 6 | 0.000 | — | 0% | — |" in found.table


def test_single_sources_are_added_up_only_if_there_is_a_variant_for_each():
    scores = {stream: [0.0, 0.1, 0.2] for stream in STREAMS}
    varied = {"all": STREAMS, **{stream: (stream,) for stream in STREAMS}}
    found = section(varied, all=[0.0, 1.0, 2.0], **scores)
    assert found.sentences[-1] == "The shares of the 5 single sources add up to 5% of **all**."
    del varied["split"], scores["split"]
    assert "add up" not in " ".join(section(varied, all=[0.0, 1.0, 2.0], **scores).sentences)


def test_one_run_has_no_spread():
    found = section({"all": STREAMS, "init": ("init",)}, all=[1.0, 2.0], init=[1.0])
    assert found.sentences[1] == "**init**: no spread is known, because that takes two runs with a finite result."
    assert "| init | init | 1 | — | — | — | — |" in found.table


def test_the_section_is_in_the_report_only_where_variants_differ_in_what_varies():
    report = make_report({"all": A, "init": A})
    assert "Where does the variance come from?" not in render_results(report)
    rows = contributions(report.runs, "test_accuracy", {"all": STREAMS, "init": ("init",)}, STREAMS)
    text = render_results(
        replace(report, randomness=pd.DataFrame(map(asdict, rows), dtype=object), streams=STREAM_WORDS)
    )
    assert "\n## Where does the variance come from?\n\n- **all**, where everything varies: " in text
    assert "\n\n\n" not in text

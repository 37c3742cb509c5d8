"""What a command says of a changed study before it runs anything, and whether that comes true."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from seedwise.registration.change import Change, coming_change
from seedwise.registration.ledger import read_ledger
from seedwise.registration.register import note_results, register, take_look
from seedwise.registration.results import none_left
from tests.registration.studies import Demo
from tests.registration.test_standing import MARGIN

AGAIN = "none of the 6 known results is left: all runs are made again, and the report will say so"
KNOWN = (
    "6 results are known from before all runs were begun again, and analysis.margin differs from the registered plan: "
    "if the numbers are the same, these verdicts will be EXPLORATORY; to confirm, run a new study (`study: demo-2`) "
    "with new seeds"
)


def coming(demo: Demo) -> Change:
    return coming_change(demo.folder, demo.asked())


def test_nothing_is_said_of_a_study_that_begins_or_goes_on(blank, demo):
    assert coming(demo) == Change()
    shutil.rmtree(demo.folder)
    assert coming(demo) == Change()


def test_runs_that_are_begun_again_are_said_without_a_question(demo):
    shutil.rmtree(demo.folder / "runs")
    assert coming(demo) == Change(AGAIN)
    demo.run()
    assert "All runs begun again: none of the 6 results is left." in demo.results
    assert "EXPLORATORY" not in demo.results
    assert coming(demo) == Change()


def test_the_one_result_that_is_gone_is_not_counted():
    assert none_left({"low": {"0": "digest"}}, "known result") == "the one known result is gone"


def test_known_results_and_another_plan_are_said_before_they_are_made_again(demo):
    shutil.rmtree(demo.folder / "runs")
    demo.change(*MARGIN)
    assert coming(demo) == Change(KNOWN, new=True)
    demo.run()
    assert "EXPLORATORY" in demo.results


def test_it_is_said_again_when_the_command_goes_on_and_asked_once(demo):
    records = demo.root / "before"
    shutil.move(demo.folder / "runs", records)
    demo.change(*MARGIN)
    assert coming(demo).new
    register(demo.folder, demo.asked())
    assert coming(demo) == Change(KNOWN)
    shutil.copytree(records / "low/seed0", demo.folder / "runs/low/seed0")
    assert coming(demo) == Change(KNOWN)


def test_nobody_knows_the_results_of_new_seeds(demo):
    shutil.rmtree(demo.folder / "runs")
    demo.change("seeds: [0, 1, 2]", "seeds: [3, 4, 5]")
    demo.change(*MARGIN)
    assert coming(demo) == Change(AGAIN)


def test_other_settings_of_one_variant_are_a_change_and_other_code_of_all_is_none(demo):
    shutil.rmtree(demo.folder / "runs")
    (demo.root / "train.py").write_text("raise SystemExit('refactored')\n")
    assert coming(demo) == Change(AGAIN)
    demo.change(*MARGIN)
    assert coming(demo) == Change(KNOWN, new=True)
    (demo.root / "train.py").write_text("raise SystemExit('nothing starts this')\n")
    demo.change("set: {rate: 0.1}", "set: {rate: 0.2}")
    assert "3 results are known from before" in coming(demo).warning
    assert "the settings of variant high differ from what was registered" in coming(demo).warning


def test_a_run_that_was_killed_while_it_was_repeated_begins_nothing_again(blank):
    """Snakemake has removed the only record there was; the folder of the run is left."""
    register(blank.folder, blank.asked())
    blank.run()
    for variant, seed in (("low", 1), ("low", 2), ("high", 0), ("high", 1), ("high", 2)):
        shutil.rmtree(blank.record(variant, seed).parent)
    (blank.folder / "registration.jsonl").unlink()
    register(blank.folder, blank.asked())
    assert len(read_ledger(blank.folder).entries) == 2
    blank.record("low", 0).unlink()
    assert coming(blank) == Change()
    register(blank.folder, blank.asked())
    note_results(blank.folder)
    assert len(read_ledger(blank.folder).entries) == 2
    blank.change(*MARGIN)
    assert "analysis.margin differs from the registered plan: these verdicts will be EXP" in coming(blank).warning


def test_a_copied_folder_has_the_ledger_of_another_study(demo):
    shutil.copytree(demo.folder, demo.folder.with_name("copy"))
    demo.change("study: demo", "study: copy")
    folder = demo.folder.with_name("copy")
    warning = coming_change(folder, demo.asked()).warning
    assert warning.startswith(
        "the ledger is that of the study demo, whose folder was copied or renamed: these verdicts will be EXPLORATORY"
    )
    assert "(`study: copy-2`)" in warning


@pytest.mark.parametrize("looked", [False, True])
def test_a_study_of_runs_elsewhere_may_be_changed_until_somebody_looks(tmp_path, monkeypatch, looked):
    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text("variant,seed,score\na,0,1\nb,0,2\n")
    demo = Demo(tmp_path)
    demo.study.write_text(
        "study: demo\ntitle: Demo\nruns: {from: table, path: table.csv}\nseeds: [0]\n"
        "variants: [{name: a}, {name: b}]\nanalysis: {metric: score, higher_is_better: true, baseline: a}\n"
    )
    register(demo.folder, demo.asked())
    if looked:
        take_look(demo.folder, demo.asked(), "analysis", "0" * 16, 2)
    demo.change("baseline: a", "baseline: a, margin: 0.02")
    assert bool(coming(demo).warning) is looked

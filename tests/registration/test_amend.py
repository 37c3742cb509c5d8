"""`seedwise amend`: a reason is kept and shown, and washes no verdict."""

from __future__ import annotations

import pytest

from seedwise.cli import main
from seedwise.registration.ledger import read_ledger

MARGIN = ("baseline: low", "baseline: low, margin: 0.02")
WHY = "the referee asked for a margin"


def amend(capsys, *words, status=0):
    capsys.readouterr()
    assert main(["amend", "study.yaml", *words]) == status
    return capsys.readouterr()


def kinds(demo):
    return [entry.kind for entry in read_ledger(demo.folder).entries]


def test_before_there_are_results_a_change_is_free(blank, capsys):
    assert "EXPLORATORY" not in amend(capsys, "--why", "a first draft").out
    blank.change(*MARGIN)
    assert "EXPLORATORY" not in amend(capsys, "--why", WHY).out
    assert kinds(blank) == ["registration", "reason"] * 2
    blank.run()
    assert WHY in blank.results
    assert "EXPLORATORY" not in blank.results


def test_after_results_the_reason_is_shown_and_washes_nothing(demo, capsys):
    demo.change(*MARGIN)
    assert "these verdicts will be EXPLORATORY" in amend(capsys, "--why", WHY).out
    demo.run()
    assert f"Reason given for the change: {WHY}" in demo.results
    assert "EXPLORATORY" in demo.results
    assert "FAILED" not in demo.verify(capsys)[0].values()


def test_a_reason_that_comes_after_the_report_is_in_the_next_one(demo, capsys):
    demo.change(*MARGIN)
    demo.run()
    amend(capsys, "--why", WHY)
    demo.report()
    assert f"Reason given for the change: {WHY}" in demo.results
    states, text = demo.verify(capsys)
    assert "FAILED" not in states.values()
    assert "which this report does not show" not in text


@pytest.mark.parametrize("words", [(), ("--why", " ")])
def test_a_reason_is_required(demo, capsys, words):
    before = kinds(demo)
    found = amend(capsys, *words, status=2).err
    assert "--why is missing: say why the study is changed" in found
    assert found.count("\n") == 1
    assert kinds(demo) == before


def test_a_reason_of_several_lines_is_one(demo, capsys):
    amend(capsys, "--why", "one\ntwo\x1b[2J")
    why = read_ledger(demo.folder).entries[-1].content["why"]
    assert why.startswith("one")
    assert "\n" not in why
    assert "\x1b" not in why

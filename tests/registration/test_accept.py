"""`seedwise accept`: finished runs of other code stay, for a reason that the report shows."""

from __future__ import annotations

import pytest

from seedwise.cli import main
from seedwise.registration.ledger import read_ledger
from seedwise.workflow.unfit import judged_outputs

WHY = "only renamed functions"


def accept(capsys, *words, status=0):
    capsys.readouterr()
    assert main(["accept", "study.yaml", *words]) == status
    return capsys.readouterr()


def refactor(demo, text="raise SystemExit('refactored')\n"):
    (demo.root / "train.py").write_text(text)


def fit(demo):
    """How many runs fit the study as it is now."""
    asked = demo.asked()
    return len(asked.runs()) - len(judged_outputs(asked, demo.folder).unfit)


def test_records_are_kept_after_a_refactoring_and_the_report_says_so(demo, capsys):
    before = {path: path.read_bytes() for path in demo.folder.glob("runs/*/*/metrics.json")}
    refactor(demo)
    assert fit(demo) == 0
    assert "accepted 6 runs: " in accept(capsys, "--why", WHY).out
    assert fit(demo) == 6
    demo.run()
    assert {path: path.read_bytes() for path in before} == before
    assert f"Runs of low and high accepted as made by the code of that day: {WHY}" in demo.results
    assert "EXPLORATORY" not in demo.results
    assert "FAILED" not in demo.verify(capsys)[0].values()


def test_acceptances_follow_each_other(demo, capsys):
    for number in range(2):
        refactor(demo, f"raise SystemExit({number})\n")
        accept(capsys, "--why", WHY)
    assert fit(demo) == 6
    refactor(demo, "raise SystemExit('nothing starts this')\n")  # as it was
    assert fit(demo) == 6


def test_mixed_code_in_one_comparison_stays_a_warning(demo, capsys):
    refactor(demo)
    for seed in (0, 1):
        demo.record("high", seed).unlink()
    accept(capsys, "--why", WHY)
    demo.run()
    assert "EXPLORATORY" not in demo.results
    assert "Runs that are compared differ in code: the difference may come from that" in demo.results


@pytest.mark.parametrize("what", ["settings", "data", "nothing"])
def test_other_settings_or_data_are_never_accepted_and_neither_is_nothing(demo, capsys, what):
    if what != "nothing":
        refactor(demo)
    if what == "settings":
        demo.change("{rate: 0.01}", "{rate: 0.02}")
        demo.change("set: {rate: 0.1}", "set: {rate: 0.3}")
    if what == "data":
        (demo.root / "data.txt").write_text("1")
        demo.change("settings: {rate: 0.01}", "settings: {rate: 0.01}, data: [data.txt]")
    found = accept(capsys, "--why", WHY, status=2).err
    assert "there is no run that only code or environment keeps from fitting" in found
    assert not read_ledger(demo.folder).of("acceptance")


def test_a_reason_is_required(demo, capsys):
    refactor(demo)
    assert "--why is missing: say why today's code gives the same numbers" in accept(capsys, status=2).err
    assert fit(demo) == 0

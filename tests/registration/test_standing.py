"""How a study stands to what was registered: what binds it, and why its verdicts confirm nothing, if so."""

from __future__ import annotations

import json
import shutil

import pytest

from seedwise.registration.declared import declaration_of
from seedwise.registration.ledger import Ledger, append, read_ledger
from seedwise.registration.register import accept, note_results, register, take_look
from seedwise.registration.results import digest_of, known_results
from seedwise.registration.standing import Origin, binding_of, standing_of
from tests.registration.studies import score_again

MARGIN = ("baseline: low", "baseline: low, margin: 0.02")


def standing(demo, origins=()):
    return standing_of(read_ledger(demo.folder), declaration_of(demo.asked()), origins)


def kinds(demo):
    return [entry.kind for entry in read_ledger(demo.folder).entries]


def test_a_study_is_registered_once(blank):
    first = register(blank.folder, blank.asked())
    assert register(blank.folder, blank.asked()).entries == first.entries
    blank.change("title: Demo", "title: Another title")
    assert register(blank.folder, blank.asked()).entries == first.entries, "titles decide nothing"
    assert standing(blank).departures == []


def test_before_there_are_results_the_last_registration_binds(blank):
    register(blank.folder, blank.asked())
    blank.change(*MARGIN)
    last = register(blank.folder, blank.asked()).registration()
    blank.run()
    found = standing(blank)
    assert (found.binding, found.first, found.departures) == (last, True, [])
    assert "Registered again before any result: analysis.margin was null and is now 0.02." in blank.results


def test_after_there_are_results_the_first_registration_binds(demo):
    first = read_ledger(demo.folder).registration()
    demo.change(*MARGIN)
    demo.run()
    found = standing(demo)
    assert (found.binding, found.first) == (first, True)
    assert found.departures == ["analysis.margin was null when this study was registered and is now 0.02."]
    demo.change(*reversed(MARGIN))
    demo.run()
    assert standing(demo).departures == [], "what was registered is kept"


def test_after_a_look_a_change_is_a_departure_even_without_a_noted_result(blank):
    take_look(blank.folder, blank.asked(), "interim", "0" * 16, 2)
    blank.change(*MARGIN)
    register(blank.folder, blank.asked())
    assert len(standing(blank).departures) == 1


def test_a_study_that_is_registered_when_there_are_results_confirms_nothing(demo):
    (demo.folder / "registration.jsonl").unlink()
    register(demo.folder, demo.asked())
    found = standing(demo)
    assert not found.first
    assert found.departures == [
        "This study was registered when 6 runs had a result: nothing shows that it was decided before."
    ]


def test_a_baseline_that_is_taken_over_may_be_older(demo):
    (demo.folder / "registration.jsonl").unlink()
    for seed in (0, 1, 2):
        demo.record("high", seed).unlink()
    demo.run()
    found = standing(demo, [Origin("low", seed, None) for seed in (0, 1, 2)])
    assert (found.first, found.older, found.departures) == (True, ["low"], [])
    assert "The runs of `low` were taken over: they are older than this." in demo.results
    demo.change("seeds: [0, 1, 2]", "seeds: [0, 1, 2, 3]")
    register(demo.folder, demo.asked())
    assert standing(demo).departures == ["Seed 3 was added after there were results."]


def test_half_a_baseline_that_is_older_confirms_nothing(demo):
    (demo.folder / "registration.jsonl").unlink()
    for run in (("high", 0), ("high", 1), ("high", 2), ("low", 2)):
        demo.record(*run).unlink()
    register(demo.folder, demo.asked())
    assert not standing(demo).first


def test_a_study_without_any_result_left_begins_again(demo):
    shutil.rmtree(demo.folder / "runs")
    demo.change(*MARGIN)
    last = register(demo.folder, demo.asked()).registration()
    assert last.content["again"] is True
    assert standing(demo).binding == last
    assert known_results(read_ledger(demo.folder)) == {}
    assert standing(demo).departures == []


def test_new_results_of_a_study_that_begins_again_are_its_own(demo):
    shutil.rmtree(demo.folder / "runs")
    demo.change("rate: 0.01", "rate: 0.02")
    register(demo.folder, demo.asked())
    other = {variant: {"0": "0" * 12} for variant in ("low", "high")}
    append(demo.folder, lambda _: [("results", {"results": other})])
    assert standing(demo).departures == []


def test_the_plan_of_an_earlier_version_is_adopted_and_binds(demo):
    earlier = declaration_of(demo.asked())
    (demo.folder / "registration.jsonl").unlink()
    (demo.folder / "plan.json").write_text(json.dumps(dict(earlier)))
    demo.change(*MARGIN)
    demo.run()
    assert kinds(demo)[:3] == ["registration", "results", "registration"]
    found = standing(demo, [Origin("low", 0, None)])
    assert found.binding.content["earlier"] is True
    assert found.departures == ["analysis.margin was null when this study was registered and is now 0.02."]


def test_a_result_that_is_replaced_is_named_unless_what_it_depends_on_has_changed(demo):
    score_again(demo.record("high", 0), 0.9)
    note_results(demo.folder)
    assert standing(demo).departures == [
        "The result of high seed 0 was replaced by another, though nothing that it depends on was changed."
    ]
    score_again(demo.record("high", 1), 0.9)
    note_results(demo.folder)
    assert "2 results were replaced by others" in standing(demo).departures[0]
    demo.change("set: {rate: 0.1}", "set: {rate: 0.2}")
    assert standing(demo).departures == ["The settings of variant high were changed after there were results."]


def test_a_run_that_is_repeated_with_the_same_result_adds_no_line(demo):
    before = read_ledger(demo.folder).entries
    demo.record("high", 0).unlink()
    demo.run()
    assert read_ledger(demo.folder).entries == before


def test_runs_of_no_registration_and_of_another_are_told_apart(demo):
    origins = [Origin("low", 0, None), Origin("high", 1, "0" * 16), Origin("high", 2, "1" * 16)]
    assert standing(demo, origins).departures == [
        "1 run started before the study was registered: low seed 0.",
        "2 runs belong to a registration that is not in this ledger: high seed 1, high seed 2.",
    ]


def test_a_fault_of_the_chain_is_a_reason(demo):
    path = demo.folder / "registration.jsonl"
    path.write_text(path.read_text().replace('"runs": 6', '"runs": 5'))
    assert standing(demo).departures == [
        "The ledger of this study was tampered with: line 3 was changed after it was written."
    ]


@pytest.mark.parametrize("of", ["interim", "analysis", "table"])
def test_the_same_look_is_noted_once(demo, of):
    for _ in range(2):
        take_look(demo.folder, demo.asked(), of, "0" * 16, 6)
    assert [entry.content["of"] for entry in read_ledger(demo.folder).of("look")] == ["analysis", of]


def test_without_a_registration_nothing_binds():
    assert binding_of(Ledger()) == (None, False)


def test_a_row_of_runs_csv_has_the_digest_of_its_record():
    record = {"status": "finished", "metrics": {"a": 1, "b": None, "c": 0.1}}
    assert digest_of(record) == digest_of({"status": "finished", "metrics": {"c": "0.1", "a": "1.0"}})
    assert digest_of(record) != digest_of({"status": "diverged", "metrics": {"c": "0.1", "a": "1.0"}})


def test_settings_that_were_tried_and_taken_back_replace_nothing(demo):
    """The same runs have their first results again in the end."""
    first = known_results(read_ledger(demo.folder))
    other = {"high": dict.fromkeys(first["high"], "0" * 12)}
    demo.change("set: {rate: 0.1}", "set: {rate: 0.2}")
    register(demo.folder, demo.asked())
    append(demo.folder, lambda _: [("results", {"results": other})])
    demo.change("set: {rate: 0.2}", "set: {rate: 0.1}")
    register(demo.folder, demo.asked())
    assert standing(demo).departures == []


def test_a_result_that_is_replaced_after_its_code_was_accepted_is_named(demo):
    before = demo.asked().expected["high"].code
    (demo.root / "train.py").write_text("raise SystemExit('refactored')\n")
    asked = demo.asked()
    digests = {name: {"code": {before: asked.expected[name].code}} for name in ("low", "high")}
    accept(demo.folder, asked, digests, "only renamed")
    assert standing(demo).departures == []
    score_again(demo.record("high", 0), 0.9)
    note_results(demo.folder)
    assert standing(demo).departures == [
        "The result of high seed 0 was replaced by another, though nothing that it depends on was changed."
    ]


def test_the_same_numbers_of_other_code_in_a_clone_without_records_confirm_what_they_did(demo):
    shutil.rmtree(demo.folder / "runs")
    (demo.root / "train.py").write_text("raise SystemExit('with another comment')\n")
    demo.run()
    assert read_ledger(demo.folder).registration().content["again"] is True
    assert standing(demo).departures == []
    demo.change(*MARGIN)
    shutil.rmtree(demo.folder / "runs")
    demo.run()
    assert len(standing(demo).departures) == 1


def test_a_look_at_failed_runs_only_is_a_look_at_no_result(blank):
    take_look(blank.folder, blank.asked(), "analysis", "0" * 16, 0)
    blank.change(*MARGIN)
    register(blank.folder, blank.asked())
    assert standing(blank).departures == []

"""The declaration: the first analysis records the plan, and every later deviation from it is named."""

from __future__ import annotations

import json

import pytest
from seedwise.analysis.declaration import declared, departures_from_recorded, forewarning, write_declaration

from seedwise.basics.errors import UserError
from seedwise.plan import Plan

PLAN = Plan(metric="test_accuracy", higher_is_better=True, baseline="a")
FIRST = declared(PLAN, [0, 1], ["a", "b"])


def test_there_is_no_deviation_before_the_first_analysis(tmp_path):
    assert departures_from_recorded(tmp_path / "plan.json", FIRST) is None


def test_the_same_plan_is_confirmatory_in_any_order_of_seeds(tmp_path):
    write_declaration(tmp_path / "plan.json", FIRST)
    assert departures_from_recorded(tmp_path / "plan.json", declared(PLAN, [1, 0], ["a", "b"])) == []


def test_every_deviation_has_a_sentence(tmp_path):
    write_declaration(tmp_path / "plan.json", FIRST)
    now = declared(PLAN.model_copy(update={"margin": 0.01}), [0, 2, 3], ["a"])
    assert departures_from_recorded(tmp_path / "plan.json", now) == [
        "analysis.margin was null in the first analysis of this study and is now 0.01.",
        "Seeds 2 and 3 were added after the first analysis of this study.",
        "Seed 1 was removed after the first analysis of this study.",
        "Variant b was removed after the first analysis of this study.",
    ]


def test_a_variant_with_other_settings_is_a_departure_that_is_said_before_the_runs(tmp_path):
    path = tmp_path / "quick" / "plan.json"
    write_declaration(path, declared(PLAN, [0, 1], ["a", "b"], settings={"a": "1", "b": "2"}))
    now = declared(PLAN, [0, 1], ["a", "b"], settings={"a": "1", "b": "3"})
    assert departures_from_recorded(path, now) == ["The settings of variant b were changed after the first analysis."]
    assert forewarning(path, now, "quick").startswith("the settings of variant b differ from the recorded plan: these")
    write_declaration(path, FIRST)  # of an earlier version
    assert departures_from_recorded(path, now) == []


@pytest.mark.parametrize(
    ("changes", "seeds", "variants", "said"),
    [
        ({}, [0, 1, 3, 4], ["a", "b"], "seeds 3 and 4 are not in the recorded plan"),
        ({}, [0, 3], ["a", "b"], "seed 3 is not in the recorded plan; seed 1 of the recorded plan is missing"),
        ({}, [0, 1], ["a", "b", "c"], "variant c is not in the recorded plan"),
        ({"margin": 0.01}, [0, 1], ["a", "b"], "analysis.margin differs from the recorded plan"),
        (
            {"metric": "test_loss", "higher_is_better": False},
            [0, 1],
            ["a", "b"],
            "analysis.metric and analysis.higher_is_better differ from the recorded plan",
        ),
    ],
)
def test_what_makes_verdicts_exploratory_is_said_before_the_runs(tmp_path, changes, seeds, variants, said):
    folder = tmp_path / "quick"
    folder.mkdir()
    write_declaration(folder / "plan.json", FIRST)
    now = declared(PLAN.model_copy(update=changes), seeds, variants)
    assert forewarning(folder / "plan.json", now, "quick") == (
        f"{said}: these verdicts will be EXPLORATORY; to confirm, run a new study (`study: quick-2`) with new seeds"
    )
    (tmp_path / "quick-2").mkdir()
    found = forewarning(folder / "plan.json", now, "quick")
    assert found is not None
    assert "`study: quick-3`" in found


def test_nothing_is_said_before_the_first_analysis_or_under_its_plan(tmp_path):
    assert forewarning(tmp_path / "plan.json", FIRST, "quick") is None
    write_declaration(tmp_path / "plan.json", FIRST)
    assert forewarning(tmp_path / "plan.json", FIRST, "quick") is None


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"analysis": {}})])
def test_a_damaged_record_is_named_with_the_remedy(tmp_path, content):
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(UserError, match=r"plan\.json: not a recorded plan .*or delete it to start over"):
        departures_from_recorded(tmp_path / "plan.json", FIRST)

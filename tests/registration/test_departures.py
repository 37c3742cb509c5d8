"""What departs from a registration, in sentences of the report and in the line that precedes the runs."""

from __future__ import annotations

import pytest

from seedwise.plan import Plan
from seedwise.registration.departures import departures, forewarning, next_name, unregistered

PLAN = Plan(metric="test_accuracy", higher_is_better=True, baseline="a")


def declared(plan=PLAN, seeds=(0, 1), variants=("a", "b"), **digests):
    return {
        "study": "quick",
        "plan_hash": plan.digest(seeds, variants),
        "analysis": plan.model_dump(mode="json", exclude_defaults=True),
        "seeds": sorted(seeds),
        "variants": list(variants),
        **digests,
    }


FIRST = declared()


def changed(**changes):
    return PLAN.model_copy(update=changes)


def test_the_same_plan_is_no_departure_in_any_order_of_seeds_or_with_defaults_written_out(tmp_path):
    written = {**declared(seeds=(1, 0)), "analysis": PLAN.model_dump(mode="json")}
    assert departures(FIRST, written) == []
    assert forewarning(FIRST, written, tmp_path) == ""


def test_every_departure_has_a_sentence():
    now = declared(changed(margin=0.01), seeds=(0, 2, 3), variants=("a",))
    assert departures(FIRST, now) == [
        "analysis.margin was null when this study was registered and is now 0.01.",
        "Seeds 2 and 3 were added after there were results.",
        "Seed 1 was removed after there were results.",
        "Variant b was removed after there were results.",
    ]


def test_choices_outside_the_section_analysis_are_departures_too(tmp_path):
    first, counted = declared(choices={}), declared(choices={"command.failures": "count", "command.retries": 2})
    assert departures(first, counted) == [
        'command.failures was "stop" when this study was registered and is now "count".',
        "command.retries was 0 when this study was registered and is now 2.",
    ]
    assert departures(counted, first)[0].endswith('was "count" when this study was registered and is now "stop".')
    warned = "command.failures and command.retries differ from the registered plan: these verdicts will be EXPLORATORY"
    assert forewarning(first, counted, tmp_path).startswith(warned)
    assert departures(FIRST, counted) == []  # of an earlier version, which did not note them


@pytest.mark.parametrize(
    ("what", "said", "warned"),
    [
        ("settings", "The settings of variant b were changed", "the settings of variant b differ from what was"),
        ("code", "The code of variant b was changed", "the code of variant b differs from what was"),
        ("data", "The data of variant b were changed", "the data of variant b differ from what was"),
        ("environment", "The environment of variant b was changed", "the environment of variant b differs from what"),
    ],
)
def test_what_numbers_depend_on_is_a_departure_that_is_said_before_the_runs(tmp_path, what, said, warned):
    first, now = (declared(**{what: {"a": "1", "b": digest}}) for digest in ("2", "3"))
    assert departures(first, now) == [f"{said} after there were results."]
    assert forewarning(first, now, tmp_path).startswith(warned)
    assert departures(FIRST, now) == []  # of an earlier version, which did not register them


def test_other_settings_that_mean_other_code_are_said_once():
    first, now = (declared(settings={"b": digest}, code={"b": digest}) for digest in ("1", "2"))
    assert departures(first, now) == ["The settings of variant b were changed after there were results."]


def test_the_columns_of_an_evaluation_decide_too(tmp_path):
    first, now = (declared(columns={"score": column}) for column in ("correct", "partly"))
    assert departures(first, now) == ['runs.score was "correct" when this study was registered and is now "partly".']
    assert forewarning(first, now, tmp_path).endswith("run a new study (`study: quick-2`) on new examples")


@pytest.mark.parametrize(
    ("changes", "seeds", "variants", "said"),
    [
        ({}, [0, 1, 3, 4], ["a", "b"], "seeds 3 and 4 are not in the registered plan"),
        ({}, [0, 3], ["a", "b"], "seed 3 is not in the registered plan; seed 1 of the registered plan is missing"),
        ({}, [0, 1], ["a", "b", "c"], "variant c is not in the registered plan"),
        ({"margin": 0.01}, [0, 1], ["a", "b"], "analysis.margin differs from the registered plan"),
        (
            {"metric": "test_loss", "higher_is_better": False},
            [0, 1],
            ["a", "b"],
            "analysis.metric and analysis.higher_is_better differ from the registered plan",
        ),
    ],
)
def test_what_makes_verdicts_exploratory_is_said_before_the_runs(tmp_path, changes, seeds, variants, said):
    now = declared(changed(**changes), seeds, variants)
    assert forewarning(FIRST, now, tmp_path) == (
        f"{said}: these verdicts will be EXPLORATORY; to confirm, run a new study (`study: quick-2`) with new seeds"
    )


def test_runs_that_were_never_registered_are_counted(tmp_path):
    assert unregistered(1, FIRST, tmp_path).startswith("1 run has a result and was never registered: these verdicts")
    assert unregistered(2, FIRST, tmp_path).startswith("2 runs have a result and were never registered: these verdicts")


def test_the_name_that_is_proposed_is_free(tmp_path):
    assert next_name("quick", tmp_path) == "quick-2"
    for name in ("quick-2", "quick-3"):
        (tmp_path / name).mkdir()
    assert next_name("quick", tmp_path) == next_name("quick-2", tmp_path) == "quick-4"

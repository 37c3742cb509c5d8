"""The declaration: the first analysis records the plan, and every later deviation from it is named."""

from __future__ import annotations

import json

import pytest

from seedwise.analysis.declaration import declared, departures_from_recorded, write_declaration
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
        "2 seeds were added after the first analysis of this study: 2, 3.",
        "1 seed was removed after the first analysis of this study: 1.",
        "1 variant was removed after the first analysis of this study: b.",
    ]


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"analysis": {}})])
def test_a_damaged_record_is_named_with_the_remedy(tmp_path, content):
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(UserError, match=r"plan\.json: not a recorded plan .*or delete it to start over"):
        departures_from_recorded(tmp_path / "plan.json", FIRST)

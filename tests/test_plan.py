"""The declared plan: what must be said, and a hash that changes with all that decides."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from seedwise.plan import Plan
from tests.plans import accuracy_plan

SPELLED_OUT = Plan(metric="test_accuracy", higher_is_better=True, baseline="baseline")


def test_the_hash_of_a_plan_is_what_earlier_versions_recorded():
    # From before there were looks: a change here makes every user's study exploratory.
    assert SPELLED_OUT.digest([0, 1, 2]) == SPELLED_OUT.digest([2, 0, 1]) == "979d6689c5fe"


@pytest.mark.parametrize(
    "other", [{"looks": (2, 3)}, {"metric": "f1"}, {"higher_is_better": False}, {"margin": 0.1}, {"pairing": "seed"}]
)
def test_the_hash_covers_whatever_decides(other):
    assert accuracy_plan("baseline", **other).digest([0, 1, 2]) != "979d6689c5fe"
    assert SPELLED_OUT.digest([0, 1]) != "979d6689c5fe"


@pytest.mark.parametrize("key", ["metric", "higher_is_better", "baseline"])
def test_what_is_compared_and_how_is_never_guessed(key):
    given = SPELLED_OUT.model_dump(exclude={key})
    with pytest.raises(ValidationError, match=rf"1 validation error for Plan\n{key}\n"):
        Plan.model_validate(given)


def test_a_look_changes_the_level_alone():
    plan = accuracy_plan("a", looks=(3, 5, 10))
    assert plan.at_level(0.001).alpha == pytest.approx(0.001)
    assert plan.at_level(0.001).looks == plan.looks

"""The declared plan: its required keys, and a hash that changes with everything that affects a verdict."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from seedwise.plan import Plan
from tests.plans import accuracy_plan

SPELLED_OUT = Plan(metric="test_accuracy", higher_is_better=True, baseline="baseline")


VARIANTS = ["baseline", "dropout"]
HASH = "d8256d25162f"


def test_the_hash_of_a_plan_is_the_one_that_earlier_versions_recorded():
    # A new optional key must not change it.
    assert SPELLED_OUT.digest([0, 1, 2], VARIANTS) == SPELLED_OUT.digest([2, 0, 1], VARIANTS[::-1]) == HASH
    assert accuracy_plan("baseline", question="difference").digest([0, 1, 2], VARIANTS) == HASH


@pytest.mark.parametrize(
    "other",
    [
        {"looks": (2, 3)},
        {"metric": "f1"},
        {"higher_is_better": False},
        {"margin": 0.1},
        {"question": "non-inferiority", "margin": 0.1},
        {"pairing": "seed"},
        {"lost_value": 0.1},
        {"tuned_on": {"split": "validation"}},
    ],
)
def test_the_hash_covers_everything_that_affects_a_verdict(other):
    assert accuracy_plan("baseline", **other).digest([0, 1, 2], VARIANTS) != HASH
    assert SPELLED_OUT.digest([0, 1], VARIANTS) != HASH
    # The family for which p-values are corrected: a variant that is left out makes claims about the others easier.
    assert SPELLED_OUT.digest([0, 1, 2], ["baseline"]) != HASH


def test_the_hash_covers_every_part_of_the_tuning():
    parts = [
        {"split": "validation"},
        {"split": "test"},
        {"split": "validation", "seeds": [100, 101]},
        {"split": "validation", "trials": 5},
        {"split": "validation", "trials": {"baseline": 5, "dropout": 40}},
    ]
    hashes = {accuracy_plan("baseline", tuned_on=part).digest([0, 1, 2], VARIANTS) for part in parts}
    assert len(hashes) == len(parts)


def test_a_tuning_is_read_as_declared_and_cannot_be_changed():
    tuned = accuracy_plan("a", tuned_on={"split": "test", "seeds": [100, 101], "trials": {"a": 5, "b": 40}}).tuned_on
    assert (tuned.split, tuned.seeds, tuned.trials) == ("test", (100, 101), {"a": 5, "b": 40})
    with pytest.raises(ValidationError, match="frozen"):
        tuned.split = "validation"


@pytest.mark.parametrize("key", ["metric", "higher_is_better", "baseline"])
def test_required_keys_are_never_guessed(key):
    given = SPELLED_OUT.model_dump(exclude={key})
    with pytest.raises(ValidationError, match=rf"1 validation error for Plan\n{key}\n"):
        Plan.model_validate(given)


def test_a_look_changes_only_the_level():
    plan = accuracy_plan("a", looks=(3, 5, 10))
    assert plan.at_level(0.001).alpha == pytest.approx(0.001)
    assert plan.at_level(0.001).looks == plan.looks

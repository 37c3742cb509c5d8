"""Plans for tests."""

from __future__ import annotations

from seedwise.plan import Plan


def accuracy_plan(baseline: str, **declared) -> Plan:
    """Return a plan that compares test accuracies; `declared` are its other keys."""
    return Plan(**{"metric": "test_accuracy", "higher_is_better": True, "baseline": baseline, **declared})

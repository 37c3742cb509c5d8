"""benchmarks/README.md follows from what was measured, and says what is missing, failed or missed."""

from __future__ import annotations

import json
from typing import Any

from benchmarks import against_course, readme
from tests.conftest import ROOT

MACHINE = {
    "processor": "a CPU",
    "cores": 2,
    "memory_gib": 8.0,
    "system": "Linux",
    "python": "3.11.7",
    "packages": {"torch": "2.11.0"},
}
OTHERS = [
    json.loads((ROOT / f"benchmarks/{name}.json").read_text()) for name in ("gpu", "tracking_cost", "correlation")
]


def section(**found: Any) -> dict[str, Any]:
    """A section of measured.json."""
    known = {"date": "2026-11-27 16:00 UTC", "rounds": 1, "took": 9, "machine": MACHINE}
    return {**known, "load_before": [0.1, 0, 0], "load_after": [1.9, 0, 0], **found}


def one_round(ours: float, theirs: float) -> dict[str, Any]:
    parts = dict.fromkeys(against_course.PARTS, ours / 4)
    return {
        "ours": {"seconds": ours, "processor": ours, "of_all_runs": parts, "accuracy": {"baseline": [0.9, 0.8]}},
        "theirs": {"seconds": theirs, "processor": theirs, "of_runs": theirs - 4, "accuracy": {"baseline": [0.9]}},
    }


def test_the_committed_pages_are_what_the_measurements_say():
    for file, text in readme.pages().items():
        assert file.read_text(encoding="utf-8") == text, "run make generate"
    assert len((ROOT / "benchmarks/README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_the_script_of_all_seeds_starts_once_and_the_ratio_is_of_a_round():
    found = against_course.summary([one_round(100, 104), one_round(100, 204), one_round(50, 104)])
    assert found["theirs_seconds"] == 3 * 100 + 4
    assert found["ratio"] == (3 * 200 + 4) / 100
    assert found["accuracy"] == {"ours": {"baseline": 0.85}, "theirs": {"baseline": 0.9}}


def test_a_goal_that_is_missed_and_a_section_that_failed_are_said():
    rounds = [one_round(100, 104)]
    measured = {
        "course": section(found={"rounds": rounds, **against_course.summary(rounds)}),
        "scale": section(failed="no space left on device"),
    }
    text = readme.readme(measured, {}, *OTHERS)
    assert "**100 s against 304 s (three times a seed's): 3.0 times as fast** (goal: at least 4, **missed**)" in text
    assert "Failed on 2026-11-27 16:00 UTC: no space left on device" in text
    assert "## Images per second\n\nNot measured yet." in text
    assert "a CPU with 2 cores and 8.0 GiB" in text
    assert "course: 2026-11-27 16:00 UTC, load 0.1 to 1.9, 9 s, 1 round" in text

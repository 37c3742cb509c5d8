"""A study with looks, from the first to its end: the same command each time, and no more runs than are due."""

import json
import shutil

import pytest

from tests.workflow.programs import make_program

pytestmark = pytest.mark.slow


def test_each_plain_command_takes_the_next_look_and_the_last_says_stop(project):
    (project.results / "registration.jsonl").unlink()
    shutil.rmtree(project.results / "runs")
    project.edit("config.yaml", "seeds: [0, 1]", "seeds: [0, 1, 2, 3]")
    project.edit("config.yaml", "baseline: baseline}", "baseline: baseline, looks: [2, 4]}")
    first = project.run()
    assert "Look 1 of 2, with 2 of 4 seeds: go on. Undecided: dropout." in first
    assert project.record("dropout", 1).exists()
    assert not project.record("dropout", 2).exists()
    report = (project.results / "results.md").read_text()
    assert "with 2 of 4 seeds: go on" in report
    assert "4 of 8 planned runs have ended (2 variants × 4 seeds)" in report
    assert "Seeds: 0, 1." in report

    assert project.planned() == {
        "train_run": 4,
        "collect_runs": 1,
        "analyse_study": 1,
        "plot_figures": 1,
        "render_report": 1,
        "render_page": 1,
        "all": 1,
    }
    second = project.run()
    assert "Look 2 of 2, with 4 of 4 seeds: stop" in second
    report = (project.results / "results.md").read_text()
    assert "EXPLORATORY" not in report  # the seeds of a declared look were not added afterwards
    assert "Seeds: 0, 1, 2, 3." in report
    looks = json.loads((project.results / "looks.json").read_text())
    assert [(look["number"], look["decision"], look["seeds"]) for look in looks] == [
        (1, "go on", [0, 1]),
        (2, "stop", [0, 1, 2, 3]),
    ]

    third = project.run()
    assert "Nothing to be done" in third
    assert "Look 2 of 2, with 4 of 4 seeds: stop" in third

    # As the message about a damaged file says.
    (project.results / "looks.json").unlink()
    assert "Look 1 of 2, with 2 of 4 seeds: go on" in project.run()
    assert "Look 2 of 2, with 4 of 4 seeds: stop" in project.run()
    assert "EXPLORATORY" not in (project.results / "results.md").read_text()


def test_runs_that_are_asked_for_before_their_look_are_counted(tmp_path):
    project = make_program(tmp_path / "project")
    project.edit("config.yaml", "seeds: [0, 1]", "seeds: [0, 1, 2, 3]")
    project.edit("config.yaml", "baseline: baseline}", "baseline: baseline, looks: [2, 4]}")
    records = [str(project.record("baseline", seed).relative_to(project.folder)) for seed in range(4)]
    printed = project.run(*records)
    assert "4 runs to do: 1 variant × 4 seeds" in printed
    assert "4 of 4 runs done" in printed
    assert "to go" not in printed

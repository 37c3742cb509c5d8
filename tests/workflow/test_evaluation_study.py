"""A study whose sample are the examples of an evaluation has the numbers and the report of `seedwise analyse`."""

import json

import pytest

from seedwise.cli import main
from tests.workflow.conftest import make_project

pytestmark = pytest.mark.slow

STUDY = """\
study: tiny
title: Prompts on 40 questions
runs: {from: table, path: answers.csv, sample: examples, variant_key: prompt, example: question, cluster: text,
  judge: judge, map: {plain prompt: plain}}
variants: [{name: steps}, {name: plain}]
analysis: {metric: right, higher_is_better: true, baseline: plain, margin: 0.2}
"""


def answers():
    """Two judges' scores of two prompts, and of a third that the study does not declare; ids that could be numbers."""
    rows = ["prompt,question,text,judge,right"]
    for number in range(40):
        for prompt, period in (("steps", 5), ("plain prompt", 3), ("shout", 2)):
            for judge, lenient in (("ann", 0), ("bob", 1)):
                right = int(number % period != 0 or (lenient and number % 10 == 0))
                rows.append(f"{prompt},{number:03d},t{number // 4},{judge},{right}")
    return "\n".join(rows) + "\n"


def test_a_study_of_examples_finds_what_analyse_finds(tmp_path, monkeypatch, capsys):
    project = make_project(tmp_path / "evaluation")
    table = project.folder / "answers.csv"
    table.write_text(answers())
    project.config.write_text(STUDY)
    said = project.run()
    assert "tiny: steps" in said
    monkeypatch.chdir(project.folder)
    flags = "--variant prompt --example question --cluster text --judge judge --where prompt!=shout --margin 0.2"
    command = [
        "analyse",
        "answers.csv",
        "--metric",
        "right",
        "--baseline",
        "plain",
        "--higher-is-better",
        "--out",
        "out",
    ]
    assert main([*command, *flags.split(), "--map", "plain prompt=plain"]) == 0
    for name in ("comparisons.csv", "judges.csv"):
        assert (project.results / name).read_text() == (project.folder / "out" / name).read_text()
    own, flagged = ((folder / "results.md").read_text() for folder in (project.results, project.folder / "out"))
    assert own.startswith("# Prompts on 40 questions\n")
    for heading in ("## Is one better on new examples?", "## Judges", "## What cannot be concluded"):
        assert section(own, heading) == section(flagged, heading)
    assert "80 answers not counted: no variant in the config is called shout." in own
    assert (project.results / "page.html").stat().st_size > 10_000
    for name in ("means", "differences", "wins"):
        assert (project.results / "figures" / f"{name}.png").exists()
    findings = json.loads((project.results / "findings.json").read_text())
    assert findings["exploratory"] == []
    assert findings["plan_hash"] in own
    assert "| `runs.map` | `plain prompt: plain` |" in own, "which rows are taken is part of the plan"
    page_is_verified(project, capsys)
    table.write_text(answers().replace("steps,039,t9,ann,1", "steps,039,t9,ann,0"))
    assert set(project.planned()) >= {"collect_runs", "analyse_study", "render_report"}, (
        "the table is part of the study"
    )


def page_is_verified(project, capsys):
    """Whether `verify` compares page.html with results.md and the figures in it."""
    page, figures = project.results / "page.html", project.results / "figures"
    whole = page.read_text()
    for text, folder, state in (
        (whole, "figures", "ok"),
        (whole.replace("steps", "plain", 1), "figures", "FAILED"),
        (whole, "elsewhere", "not checked"),
    ):
        page.write_text(text)
        figures = figures.rename(project.results / folder)
        capsys.readouterr()
        assert main(["verify", str(project.results), "--json"]) == (state == "FAILED")
        checks = {check["name"]: check["state"] for check in json.loads(capsys.readouterr().out)["checks"]}
        assert checks["page.html"] == state
    figures.rename(project.results / "figures")


def section(text, heading):
    """A section of a report."""
    return text.split(heading + "\n")[1].split("\n## ")[0]

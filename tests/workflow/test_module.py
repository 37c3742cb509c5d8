"""Another workflow imports this one: the example of docs/module."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from seedwise.registration.ledger import read_ledger
from tests.workflow.conftest import ROOT, Project, jobs, make_project

pytestmark = pytest.mark.slow

PROFILE = ("--workflow-profile", "../../profiles/default")


def importing(folder: Path, example: str) -> Project:
    """A clone of the workflow and in its docs an example that imports it, with the tiny study's data."""
    clone = make_project(folder / "clone")
    clone.config.unlink()
    home = clone.folder / "docs" / example
    shutil.copytree(ROOT / "docs" / example, home)
    for config in home.glob("**/config.yaml"):
        config.write_text(
            config.read_text().replace("{name: fashion_mnist, subset: 2000}", '{name: "tests.tiny:read"}')
        )
    return Project(home)


def test_a_workflow_runs_the_study_under_its_prefix_and_uses_the_results(tmp_path):
    outer = importing(tmp_path, "module")
    printed = outer.run(*PROFILE)
    assert jobs(printed)["seedwise_train_run"] == 4
    assert re.search(r"\[4/4\] (baseline|dropout) seed [01]: ", printed)
    assert "4 of 4 runs done, after " in printed
    assert {path.name for path in outer.folder.glob("[!.]*")} == {
        "Snakefile",
        "config.yaml",
        "ablation",
        "logs",
        "paper",
    }
    study = outer.folder / "ablation/results/dropout"
    assert "Study `dropout` from `the importing workflow`" in (study / "results.md").read_text()
    assert (study / ".lock").exists()
    records = [json.loads(file.read_text()) for file in study.rglob("metrics.json")]
    assert all(record["timing"]["imports"] < 1 for record in records), "runs are forks here as well"
    table = (outer.folder / "paper/table.csv").read_text().splitlines()
    assert [line.split(",")[:2] for line in table] == [["variant", "n"], ["baseline", "2"], ["dropout", "2"]]
    assert outer.planned(*PROFILE) == {}


def test_two_studies_in_one_workflow_keep_their_own_settings(tmp_path):
    outer = importing(tmp_path, "module")
    config = yaml.safe_load(outer.config.read_text())
    config["second"] = config["ablation"] | {"study": "second", "seeds": [0, 1, 2]}
    config["second"]["tracking"] = {"wandb": {"mode": "offline", "project": "elsewhere"}}
    outer.config.write_text(yaml.safe_dump(config))
    text = (outer.folder / "Snakefile").read_text()
    second = text[text.index("module seedwise") : text.index("# Snakemake calls")]
    second = second.replace("module seedwise", "module other").replace(
        "from seedwise as seedwise_*", "from other as other_*"
    )
    second = second.replace('config["ablation"]', 'config["second"]').replace('"ablation"', '"second"')
    (outer.folder / "Snakefile").write_text(text + second)
    printed = outer.run("--dry-run", "--printshellcmds", *PROFILE, "seedwise_all", "other_all")
    assert jobs(printed)["seedwise_train_run"] == 4
    assert jobs(printed)["other_train_run"] == 6
    assert printed.count("--context ablation/results/dropout/.context.json") == 4 + 2, "the runs, and their data"
    assert printed.count("--context second/results/second/.context.json") == 6 + 2
    for name, project in (("ablation/results/dropout", "ablation"), ("second/results/second", "elsewhere")):
        context = json.loads((outer.folder / name / ".context.json").read_text())
        assert context["tracking"]["wandb"]["project"] == project


def test_a_study_is_registered_before_its_runs_without_the_hooks(tmp_path):
    outer = importing(tmp_path, "module")
    snakefile = outer.folder / "Snakefile"
    text = snakefile.read_text()
    begin, end = text.index("# Snakemake calls no hooks"), text.index("# Your own rules")
    snakefile.write_text(text[:begin] + text[end:])
    study = outer.folder / "ablation/results/dropout"
    outer.run("--dry-run", *PROFILE)
    assert not (study / "registration.jsonl").exists()
    outer.run(*PROFILE)
    ledger = read_ledger(study)
    assert [entry.kind for entry in ledger.entries] == ["registration", "results", "look"]
    for record in study.glob("runs/*/*/metrics.json"):
        assert json.loads(record.read_text())["registration"] == ledger.entries[0].short
    assert "EXPLORATORY" not in (study / "results.md").read_text()
    config = yaml.safe_load(outer.config.read_text())
    config["ablation"]["analysis"]["margin"] = 0.05
    outer.config.write_text(yaml.safe_dump(config))
    assert "analysis.margin differs from the registered plan: these verdicts will be EXP" in outer.run(*PROFILE)

"""Folders, files and names with spaces, braces, colons and whatever else means something to a shell or to Snakemake."""

import re

import pytest

from tests.workflow.conftest import make_project

pytestmark = pytest.mark.slow

AWKWARD = "my {b} a:b $(x) 'q' dir"


def test_a_study_runs_in_a_folder_of_any_name(tmp_path):
    project = make_project(tmp_path / AWKWARD)
    project.edit("config.yaml", "seeds: [0, 1]", "seeds: [0]")
    assert project.made()["train_run"] == 2
    assert (project.results / "results.md").exists()
    assert (project.results / "page.html").exists()
    assert "Study tiny: 2 of 2 runs finished" in project.run("--", "status")
    project.run("--", "interim")
    printed = project.run("--", "lr_finder")
    assert re.search(r"^suggested learning rates: .*steep \d.*\(the study has 0\.05\)$", printed, re.MULTILINE)
    assert "see the curve: results/tiny/lr_finder/lr_finder.png" in printed
    project.run("--report", "report.zip")
    assert project.planned() == {}


def test_files_and_folders_that_a_config_names_may_have_any_name(fresh):
    fresh.add_own_dataset("raw {x} files")
    config = fresh.folder / "my {study} file.yaml"
    text = fresh.config.read_text().replace('{name: "tests.tiny:read"', '{name: "own:read", folder: "raw {x} files"')
    text = text.replace("seeds: [0, 1]", "seeds: [0]")
    config.write_text(text.replace("label: + Dropout", 'label: "+ {Dropout} & $(more)"'))
    fresh.config.unlink()
    option = ("--configfile", config.name)
    assert fresh.made(*option)["train_run"] == 2
    results = (fresh.results / "results.md").read_text()
    assert "--configfile 'my {study} file.yaml'" in results, "how to reproduce it is quoted for a shell"
    assert "{Dropout}" in results
    assert fresh.planned(*option) == {}


def test_a_table_of_runs_may_have_any_name(fresh):
    rows = [f"{variant},{seed},{0.5 + seed / 10}" for variant in ("baseline", "dropout") for seed in (0, 1)]
    (fresh.folder / "my {runs} a:b.csv").write_text("\n".join(["variant,seed,f1", *rows]))
    fresh.config.write_text(
        "study: tiny\ntitle: Runs of others\nvariants: [{name: baseline}, {name: dropout}]\nseeds: [0, 1]\n"
        "analysis: {metric: f1, higher_is_better: true, baseline: baseline}\n"
        'runs: {from: csv, path: "my {runs} a:b.csv"}\n'
    )
    fresh.run()
    results = (fresh.results / "results.md").read_text()
    assert "f1" in results
    assert "accuracy" not in results
    assert fresh.planned() == {}

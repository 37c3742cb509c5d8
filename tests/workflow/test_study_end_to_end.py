"""The tiny study from config to results.md, and how mistakes in a config are shown."""

import csv
import json
import shutil
import statistics

import pandas as pd
import pytest

from seedwise.cli import main

pytestmark = pytest.mark.slow

HEAVY = {"torch", "wandb", "pandas", "scipy", "matplotlib"}  # numpy comes with Snakemake


def test_every_product_is_there(finished):
    names = {path.relative_to(finished.results).as_posix() for path in finished.results.rglob("*") if path.is_file()}
    figures = {
        f"figures/{figure}.{kind}"
        for figure in ("means", "differences", "power", "pairing", "curves")
        for kind in ("png", "svg")
    }
    assert {"runs.csv", "summary.csv", "comparisons.csv", "results.md", "registration.jsonl", *figures} <= names
    assert {f"runs/dropout/seed1/{name}" for name in ("metrics.json", "history.csv", "predictions.npz")} <= names


def test_others_can_verify_it(finished, monkeypatch, capsys):
    monkeypatch.chdir(finished.folder)
    assert main(["verify", str(finished.results), "--json"]) == 0
    states = {check["name"]: check["state"] for check in json.loads(capsys.readouterr().out)["checks"]}
    assert {name for name, state in states.items() if state != "ok"} == {"tag", "figures"}


def test_others_can_verify_its_pages_without_its_runs(finished, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(finished.folder)
    sent = shutil.copytree(finished.results, tmp_path / "sent", ignore=shutil.ignore_patterns("runs", "study-*.json"))
    page = (sent / "page.html").read_text()
    assert 'id="curves"' in page
    for text, state in ((page, "ok"), (page.replace("0.", "9.", 1), "FAILED")):
        (sent / "page.html").write_text(text)
        assert main(["verify", str(sent), "--config", "config.yaml", "--json"]) == (state == "FAILED")
        states = {check["name"]: check["state"] for check in json.loads(capsys.readouterr().out)["checks"]}
        assert (states["results.md"], states["page.html"]) == ("ok", state)


def test_the_tables_can_be_recomputed_by_hand(finished):
    with (finished.results / "runs.csv").open() as stream:
        runs = list(csv.DictReader(stream))
    values = {
        variant: [float(run["test_accuracy"]) for run in runs if run["variant"] == variant]
        for variant in ("baseline", "dropout")
    }
    for run in runs:
        record = json.loads(finished.record(run["variant"], run["seed"]).read_text())
        assert float(run["test_accuracy"]) == record["metrics"]["test_accuracy"]
    summary = pd.read_csv(finished.results / "summary.csv", index_col="variant")
    comparisons = pd.read_csv(finished.results / "comparisons.csv", index_col="variant")
    for variant, scores in values.items():
        assert summary.loc[variant, "mean"] == pytest.approx(statistics.mean(scores))
        assert summary.loc[variant, "std"] == pytest.approx(statistics.stdev(scores))
    difference = statistics.mean(values["dropout"]) - statistics.mean(values["baseline"])
    assert comparisons.loc["dropout", "difference"] == pytest.approx(difference)
    report = (finished.results / "results.md").read_text()
    assert f"{statistics.mean(values['baseline']):.4f}" in report
    assert not {"nan", "None", "inf"} & set(report.replace("|", " ").split())


def test_the_report_is_the_same_byte_for_byte(project):
    before = {path: path.read_bytes() for path in [project.results / "results.md", *project.results.glob("figures/*")]}
    assert len(before) == 11
    project.run("--forcerun", "analyse_study")
    assert {path: path.read_bytes() for path in before} == before


def test_a_broken_config_is_one_line_a_mistake_and_no_traceback(project):
    project.edit("config.yaml", "epochs: 1", "epoch: 1")
    project.edit("config.yaml", "seeds: [0, 1]", "seeds: [0, 0]")
    answer = project.attempt()
    assert answer.returncode == 1
    assert 'config.yaml:4: training.epoch: unknown key; did you mean "epochs"?' in answer.stdout
    assert "config.yaml:8: seeds[1]: found 0 twice" in answer.stdout
    assert "Traceback" not in answer.stdout


def test_a_config_that_is_no_yaml_is_named(project):
    project.config.write_text("study: [tiny\n")
    answer = project.attempt()
    assert answer.returncode == 1
    assert "config.yaml:" in answer.stdout
    assert "Traceback" not in answer.stdout


def test_another_configfile_is_the_study_alone(project):
    other = project.folder / "other.yaml"
    other.write_text(
        project.config.read_text().replace("study: tiny", "study: other").replace("seeds: [0, 1]", "seeds: [7]")
    )
    project.edit("config.yaml", "epochs: 1", "epochs: 9")
    printed = project.run("--dry-run", "-p", "--configfile", "other.yaml")
    assert "results/other/runs/baseline/seed7/metrics.json" in printed
    assert '"epochs":9' not in printed


def test_the_snakefile_imports_nothing_heavy(project):
    """Whatever an installed plugin of Snakemake has imported before: what the Snakefile needs is imported again."""
    snakefile = project.folder / "Snakefile"
    forget = f"import sys\nfor name in {HEAVY}:\n    sys.modules.pop(name, None)\n"
    snakefile.write_text(f"{forget}{snakefile.read_text()}\nprint('HEAVY', sorted({HEAVY} & set(sys.modules)))\n")
    printed = project.run("--dry-run")
    assert "HEAVY []" in printed


def test_a_function_of_the_users_own_that_is_not_there_is_told_before_anything_runs(project):
    project.edit("config.yaml", "model.dropout: 0.2", 'training.augmentation: ["no_such:augment"]')
    answer = project.attempt()
    assert answer.returncode == 1
    assert "no_such:augment: found no module no_such; put it next to the config" in answer.stdout
    assert "Traceback" not in answer.stdout


def test_two_studies_are_laid_side_by_side_and_nothing_is_trained(project):
    shutil.copytree(project.results, project.results.with_name("again"), ignore=shutil.ignore_patterns("runs", ".*"))
    printed = project.run("-p", "compare", "--config", "studies=tiny,again")
    assert "train_run" not in printed
    text = (project.folder / "results/compare-tiny-again/compare.md").read_text()
    assert "**dropout**" in text
    assert "this is one study twice" in text
    assert "snakemake --cores 1 compare --config studies=tiny,again" in text
    answer = project.attempt("-p", "compare")
    assert answer.returncode == 1
    assert "name two studies, found none" in answer.stdout


def test_tables_for_papers_and_a_line_for_a_chat(project):
    printed = project.run("--forcerun", "render_report")
    line = (project.results / "summary.txt").read_text()
    assert line.startswith("tiny: + Dropout ")
    assert line in printed
    assert "Baseline & $" in (project.results / "tables/results.tex").read_text()
    assert "Read results/tiny/results.md" in printed

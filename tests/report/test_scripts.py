"""The scripts that plot and write a report, run in the same way as by the workflow and by hand."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from made_studies import make_runs
from test_gather import CONFIG, RECORD, SCORES

from seedwise.analysis.findings import Findings, warned, write_findings
from seedwise.config.reading import load_study
from seedwise.config.study_file import StudyFile, write_study_file
from seedwise.runs.record import write_record
from seedwise.statistics.analysis import analyse, format_table
from seedwise.statistics.warnings import note
from tests.workflow.forks import forks

pytestmark = pytest.mark.slow  # processes of their own

ROOT = Path(__file__).resolve().parents[2]


def run(script, *arguments):
    command = [forks().python, ROOT / "workflow/scripts" / f"{script}.py", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A study's folder after the analysis, with a space in its name."""
    folder = tmp_path_factory.mktemp("a study")
    study = load_study(CONFIG)
    runs = make_runs(SCORES)
    analysis = analyse(runs, study.analysis)
    for name, frame in (("runs", runs), ("summary", analysis.summary), ("comparisons", analysis.comparisons)):
        (folder / f"{name}.csv").write_text(format_table(frame), encoding="utf-8")
    write_findings(
        folder / "findings.json",
        Findings(plan_hash="0" * 12, exploratory=[], warnings=warned([note("Beware.")]), test_set=[]),
    )
    write_study_file(folder, StudyFile(study=study, config="small.yaml", seeds=study.seeds, expected={}))
    for variant in SCORES:
        for seed in study.seeds:
            own = folder / f"runs/{variant}/seed{seed}"
            own.mkdir(parents=True)
            (own / "history.csv").write_text(
                "epoch,train_loss,validation_accuracy,seconds\n1,0.5,0.8,1\n2,0.4,0.9,1\n", encoding="utf-8"
            )
            write_record(own / "metrics.json", RECORD)
    return folder


@pytest.fixture(scope="module")
def common(folder):
    return "--study", next(folder.glob("study-*.json")), "--runs", folder / "runs.csv"


def test_the_report_and_the_tables_for_papers_are_written(folder, common):
    record = folder / "runs/baseline/seed0/metrics.json"
    done = run("render_report", *common, "--record", record, "--out", folder / "results.md")
    assert (done.returncode, done.stderr) == (0, "")
    text = (folder / "results.md").read_text(encoding="utf-8")
    assert text.startswith("# A small study\n")
    assert "Study `small` from `small.yaml`" in text
    assert "- Beware.\n" in text
    assert "98 442 parameters" in text
    for name in ("tables/results.tex", "tables/comparisons.tex", "tables/results.csv", "summary.txt"):
        assert (folder / name).stat().st_size


def test_the_page_has_the_curves_of_the_runs(folder, common):
    record = folder / "runs/baseline/seed0/metrics.json"
    done = run("render_page", *common, "--record", record, "--out", folder / "page.html")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert '"columns":[["validation_accuracy","validation accuracy"],["train_loss","train loss"]]' in page


def test_the_requested_figures_are_drawn(folder, common):
    files = [folder / f"figures/{name}.{kind}" for name in ("means", "curves") for kind in ("png", "svg")]
    files[0].parent.mkdir()
    done = run("plot_figures", *common, "--records", folder / "runs", "--out", *files)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(path.name for path in files[0].parent.iterdir()) == sorted(path.name for path in files)


@pytest.mark.parametrize(
    ("script", "arguments", "message"),
    [
        (
            "plot_figures",
            ["--out", "a.png", "a.svg"],
            "--out: found a.png; the figures are means, differences, power, ",
        ),
        ("render_report", ["--record", "none.json", "--out", "a.md"], "none.json: No such file or directory"),
    ],
)
def test_a_mistake_is_one_line(common, script, arguments, message):
    done = run(script, *common, *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {message}")
    assert done.stderr.count("\n") == 1


def test_a_missing_study_file_is_named(folder):
    done = run(
        "render_report", "--study", "no.json", "--runs", folder / "runs.csv", "--record", "x.json", "--out", "a.md"
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: no.json: not a study file")


@pytest.mark.parametrize("script", ["plot_figures", "render_report", "render_page", "compare", "lr_finder"])
def test_the_help_of_every_script_says_what_it_makes(script):
    done = run(script, "--help")
    assert done.returncode == 0
    assert "--" in done.stdout
    assert "arguments" not in (ROOT / f"workflow/scripts/{script}.py").read_text(encoding="utf-8").splitlines()[0]

"""The content of a report from a study, from a record of its runs, and from a table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from made_studies import A, B, make_runs

from seedwise.analysis.findings import Findings
from seedwise.config.reading import load_study, read_study
from seedwise.config.study import Study
from seedwise.config.study_file import StudyFile
from seedwise.report.gather import changes, commands, report_of_study, report_of_table
from seedwise.report.text.results import render_results
from seedwise.runs.record import Provenance, RunRecord, Sizes, Timing
from seedwise.sources.pulled import Pulled
from seedwise.statistics.analysis import analyse
from tests.plans import accuracy_plan

ROOT = Path(__file__).resolve().parents[2]
SCORES = {"baseline": A, "dropout": B}
CONFIG = {
    "study": "small",
    "title": "A small study",
    "variants": [{"name": "baseline", "label": "Baseline"}, {"name": "dropout", "set": {"model.dropout": 0.2}}],
    "seeds": [0, 1, 2],
    "analysis": {"baseline": "baseline"},
}
PULLED = {"runs": {"from": "csv", "path": "export.csv"}}
RECORD = RunRecord(
    study="small",
    variant="baseline",
    seed=0,
    status="finished",
    metrics={"test_accuracy": 0.842},
    epochs=3,
    settings={},
    sizes=Sizes(train=54000, validation=6000, test=10000, parameters=98442),
    provenance=Provenance(
        commit="0123456",
        dirty=False,
        versions={"python": "3.11.7"},
        hardware="A CPU",
        device="cpu",
        precision="fp32",
        threads=2,
        settings_digest="",
        code_digest="",
        data_digest="",
    ),
    timing=Timing(total=1, imports=0, data=0, train=1, evaluate=0, tracking=0),
)


def ready(name: str) -> Study:
    return load_study(yaml.safe_load((ROOT / "studies" / f"{name}.yaml").read_text()))


def gather(record=None, config="studies/small.yaml", table=None, commit="", **changed):
    study = load_study({**CONFIG, **changed})
    runs = make_runs(SCORES, study.analysis.metric) if table is None else table
    analysis = analyse(runs, study.analysis)
    file = StudyFile(study=study, config=config, seeds=study.seeds, expected={})
    findings = Findings(plan_hash="0" * 12, exploratory=[], warnings=[], test_set=[])
    return report_of_study(file, runs, analysis.summary, analysis.comparisons, findings, record, commit=commit)


def test_a_setting_that_is_a_mapping_is_shown_completely():
    study = ready("finetune-vs-features")
    assert changes(study, "features") == "model.pretrained = True, model.trainable = head"
    assert changes(study, "finetune") == (
        "model.pretrained = True, model.trainable = {freeze_epochs: 1}, training.learning_rate_ratio = 0.2"
    )


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "studies").glob("*.yaml")))
def test_every_variant_of_every_provided_study_is_described(name):
    study = ready(name)
    found = {variant.name: changes(study, variant.name) for variant in study.variants}
    assert not found.pop(study.analysis.baseline)
    assert all(found.values())


def test_a_trained_study_names_its_data_and_treats_test_examples_as_another_question():
    report = gather(RECORD)
    text = render_results(report)
    assert list(report.setup) == ["Dataset", "Architecture", "Optimizer", "Epochs", "Seeds", "Hardware"]
    assert "| Dataset | Fashion-MNIST: 54 000 training, 6 000 validation and 10 000 test images |" in text
    assert "| Hardware | A CPU (cpu), 2 threads per run, fp32 |" in text
    assert "| dropout | `dropout` | `model.dropout = 0.2` |" in text
    assert "The interval covers new seeds on this test set, not new test sets." in text
    assert "git checkout 0123456\n" in text
    assert "Commit `0123456`. Versions: python 3.11.7." in text
    assert list(report.figures) == ["means", "differences", "power", "pairing", "curves"]
    assert report.panels == ("validation_accuracy", "train_loss")
    assert "after each epoch" in text


def test_files_that_the_commit_does_not_contain_are_named_and_it_is_not_checked_out():
    origin = replace(RECORD.provenance, uncommitted=["study.yaml", "train.py"])
    text = render_results(gather(replace(RECORD, provenance=origin)))
    assert "git checkout" not in text
    assert "Commit `0123456` is not enough: it does not contain `study.yaml` and `train.py` as these runs used" in text
    assert "Commit them, so that others can repeat this study" in text
    assert "git checkout 0123456\n" in render_results(
        gather(replace(RECORD, provenance=replace(RECORD.provenance, uncommitted=[])))
    )
    many = replace(RECORD.provenance, uncommitted=[f"part{number}.py" for number in range(20)])
    assert "`part7.py` and 12 more as" in render_results(gather(replace(RECORD, provenance=many)))


def test_the_commits_of_runs_that_came_from_several_are_listed_or_one_that_contains_all():
    runs = make_runs(SCORES, "test_accuracy")
    runs["commit"] = ["a" * 7 if seed == 0 else "b" * 7 for seed in runs["seed"]]
    first = (runs["seed"] == 0).sum()
    made_from = f"commits `aaaaaaa` ({first} runs) and `bbbbbbb` ({len(runs) - first} runs)"
    assert f"Made from {made_from}. Versions" in render_results(gather(RECORD, table=runs))
    text = render_results(gather(RECORD, table=runs, commit="c" * 7))
    assert (
        f"Commit `ccccccc` contains the study and its code as used here; the runs were made from {made_from}." in text
    )
    assert "git checkout ccccccc\n" in text
    assert "Commit `0123456`. Versions" in render_results(gather(RECORD, commit="c" * 7))


def test_pulled_runs_say_nothing_about_a_test_set_or_training():
    origin = Pulled(source="W&B project ablation", runs=7, notes=[])
    report = gather(origin, **PULLED)
    text = render_results(report)
    assert report.setup == {
        "Runs": "W&B project ablation, which lists 7; not trained here",
        "Seeds": "3 per variant",
    }
    assert "The interval covers new seeds only." in text
    assert "runs recorded elsewhere cannot show" in text
    assert "curves" not in report.figures
    assert "test set" not in text
    assert "test examples" not in text


def test_a_report_without_a_record_yet_has_no_setup():
    text = render_results(gather())
    assert "## Setup" not in text
    assert "Not made from a git commit." in text


@pytest.mark.parametrize(
    ("config", "end"),
    [
        ("config.yaml", "gpu=1"),
        ("studies/quick.yaml", "gpu=1 --configfile studies/quick.yaml"),
        ("my studies/a b.yaml", "gpu=1 --configfile 'my studies/a b.yaml'"),
        ("a.yaml and b.yaml", "gpu=1 --configfile a.yaml b.yaml"),
        ("salt and pepper.yaml", "gpu=1 --configfile 'salt and pepper.yaml'"),
        ("the command line", "gpu=1  # with the config that came from the command line"),
    ],
)
def test_the_commands_quote_the_config_for_a_shell(config, end):
    assert commands(config)[-1].endswith(end)
    assert commands(config, "0123456")[0] == "git checkout 0123456"


def test_a_table_is_titled_by_its_variants():
    plan = accuracy_plan("baseline")
    runs = make_runs(SCORES)
    report = report_of_table("runs.csv", runs, analyse(runs, plan), plan, "seedwise analyse runs.csv", ["means"])
    assert report.title == "dropout compared with baseline"
    assert report.figures == {"means": "figures/means.png"}
    assert not report.has_test_set
    only = make_runs({"baseline": A})
    assert report_of_table("-", only, analyse(only, plan), plan, "", ["means"]).title == "Results of baseline"


def test_the_default_study_is_read_completely():
    study = read_study(ROOT / "config.yaml")
    assert changes(study, "dropout") == "model.dropout = 0.2"


@pytest.mark.parametrize(
    ("folder", "checkout"),
    [(".", "git checkout 0123456"), ("their code/mnist/", "git -C 'their code/mnist/' checkout 0123456")],
)
def test_the_commit_of_a_program_is_checked_out_in_its_own_repository(folder, checkout):
    assert commands("study.yaml", "0123456", program=folder)[0] == checkout
    assert commands("study.yaml", "0123456", program=folder)[-1] == "seedwise run study.yaml"

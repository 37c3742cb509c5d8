"""The analysis of a study: one function from runs and a declared plan to all findings."""

from __future__ import annotations

import json
import runpy
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seedwise.analysis.findings import read_findings
from seedwise.analysis.looks import read_looks
from seedwise.analysis.study import analyse_study, write_study_findings
from seedwise.basics.errors import UserError
from seedwise.config.factors import expand
from seedwise.config.study import Study
from seedwise.config.study_file import Expected, StudyFile, read_study_file, write_study_file
from seedwise.registration.ledger import read_ledger
from seedwise.runs.record import read_record, write_record
from seedwise.statistics.warnings import note
from tests.runs.test_record import record

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
PLAN = {"metric": "test_accuracy", "higher_is_better": True, "baseline": "a"}


def make_study(**changes):
    plan = PLAN | changes.pop("analysis", {})
    dropout = {"name": "b", "set": {"model.dropout": 0.2}}
    config = {"study": "s", "title": "A study", "variants": [{"name": "a"}, dropout], "seeds": [0, 1, 2]}
    return Study.model_validate({**config, **changes, "analysis": plan})


def make_runs(study, folder, seeds=None, examples=400):
    """Runs that are right on 70 % of the examples, 80 % for the second variant, 90 % for the third, and so on."""
    rng = np.random.default_rng(0)
    rows = []
    for number, variant in enumerate(study.variants):
        for seed in study.seeds if seeds is None else seeds:
            correct = rng.random(examples) < 0.7 + 0.1 * number
            home = folder / "runs" / variant.name / f"seed{seed}"
            home.mkdir(parents=True, exist_ok=True)
            np.savez_compressed(home / "predictions.npz", correct=correct)
            rows.append((variant.name, seed, "finished", correct.mean(), rng.random()))
    return pd.DataFrame(rows, columns=["variant", "seed", "status", "test_accuracy", "loss"])


def run_script(name, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    runpy.run_path(str(SCRIPTS / f"{name}.py"), run_name="script")["main"]()


def test_an_analysis_writes_what_it_has_found(tmp_path):
    study = make_study()
    runs = make_runs(study, tmp_path)
    first = analyse_study(study, runs, tmp_path)
    assert first.findings.exploratory == []
    assert list(first.tables["comparisons"]["verdict"]) == ["BETTER"]
    assert list(tmp_path.glob("*.json")) == []  # the analysis itself writes nothing

    write_study_findings(tmp_path, first)
    written = read_findings(tmp_path / "findings.json")
    assert set(written.tables) == {"summary.csv", "comparisons.csv"}
    assert written.model_copy(update={"tables": {}}) == first.findings
    assert analyse_study(study, runs, tmp_path).findings == first.findings


def test_departures_from_what_was_registered_make_a_study_exploratory(tmp_path):
    study = make_study()
    found = analyse_study(study, make_runs(study, tmp_path), tmp_path, departures=["Seed 3 was added."])
    assert found.findings.exploratory == ["Seed 3 was added."]


def test_the_second_question_is_answered_for_the_metric_that_is_the_mean_of_the_scores(tmp_path):
    study = make_study()
    runs = make_runs(study, tmp_path)
    (answer,) = analyse_study(study, runs, tmp_path, scored="test_accuracy").findings.test_set
    assert answer.variant == "b"
    assert 0 < answer.low < answer.high < 0.2
    assert answer.both_low < answer.low
    assert analyse_study(study, runs, tmp_path, scored="another").findings.test_set == []
    assert analyse_study(study, runs, tmp_path).findings.test_set == []


def test_lost_runs_of_a_variant_leave_its_second_question_unanswered(tmp_path):
    study = make_study()
    runs = make_runs(study, tmp_path)
    runs.loc[runs["variant"].eq("b") & runs["seed"].gt(0), "status"] = "diverged"
    assert analyse_study(study, runs, tmp_path, scored="test_accuracy").findings.test_set == []


def test_variants_with_different_test_sets_are_refused(tmp_path):
    study = make_study()
    runs = make_runs(study, tmp_path)
    for seed in study.seeds:
        np.savez_compressed(tmp_path / f"runs/b/seed{seed}/predictions.npz", correct=np.ones(7, dtype=bool))
    with pytest.raises(UserError, match="both variants must answer the same examples"):
        analyse_study(study, runs, tmp_path, scored="test_accuracy")


def test_notes_and_the_size_of_the_test_set_are_among_the_warnings(tmp_path):
    study = make_study()
    found = analyse_study(
        study, make_runs(study, tmp_path), tmp_path, notes=[note("One run was left out.")], n_test=400
    )
    first = found.findings.warnings[0]
    assert (first.code, first.sentence) == ("note", "One run was left out.")
    said = {warning.code: warning.sentence for warning in found.findings.warnings}
    assert said["small_test_set"].startswith("The test set has 400 examples")


def test_a_look_is_taken_and_recorded_at_its_own_level(tmp_path):
    study = make_study(analysis={"looks": [2, 3]})
    found = analyse_study(study, make_runs(study, tmp_path, seeds=[0, 1]), tmp_path)
    look = found.findings.look
    assert (look.number, look.seeds, look.decision) == (1, (0, 1), "go on")
    assert look.nominal_alpha < look.alpha
    write_study_findings(tmp_path, found)
    assert read_looks(tmp_path / "looks.json") == (look,)


def test_seeds_that_belong_to_no_look_are_an_error(tmp_path):
    study = make_study(analysis={"looks": [2, 3]})
    with pytest.raises(UserError, match=r"runs\.csv: no look is declared at 1 seed;"):
        analyse_study(study, make_runs(study, tmp_path, seeds=[0]), tmp_path)


def test_an_interim_report_is_exploratory_and_takes_no_declared_look(tmp_path):
    study = make_study(analysis={"looks": [2, 3]})
    found = analyse_study(study, make_runs(study, tmp_path, seeds=[0]), tmp_path, reasons=["Too early."])
    assert found.findings.exploratory == ["Too early."]
    assert found.findings.look is None


def test_sources_of_randomness_and_effects_have_tables_where_the_study_varies_them(tmp_path):
    vary = make_study(variants=[{"name": "a"}, {"name": "init", "set": {"training.vary": ["init"]}}])
    found = analyse_study(vary, make_runs(vary, tmp_path), tmp_path)
    assert list(found.tables) == ["summary", "comparisons", "sources"]
    assert found.tables["sources"]["reference"].tolist() == ["", "a"]
    write_study_findings(tmp_path, found)
    assert (tmp_path / "sources.csv").read_text().startswith("variant,varied,n,std,")


def test_a_factorial_study_has_effects_and_its_file_keeps_the_reference_levels(tmp_path):
    factors = {
        "momentum": {"low": {}, "high": {"training.momentum": 0.8}},
        "dropout": {"none": {}, "light": {"model.dropout": 0.2}},
    }
    study = make_study(
        factors=factors, variants=expand(factors, "product"), analysis={"baseline": "baseline"}, seeds=[0, 1]
    )
    path = write_study_file(tmp_path, StudyFile(study=study, config="c.yaml", seeds=study.seeds, expected={}))
    stored = read_study_file(path).study
    found = analyse_study(stored, make_runs(stored, tmp_path), tmp_path)
    effects = found.tables["effects"]
    assert effects[["kind", "levels", "references"]].to_numpy().tolist() == [
        ["main", "high", "low"],
        ["main", "light", "none"],
        ["interaction", "high;light", "low;none"],
    ]


# The scripts


def test_the_script_writes_the_findings_of_runs_from_elsewhere_beside_them(tmp_path, monkeypatch):
    study = make_study(runs={"from": "csv", "path": "results.csv"})
    path = write_study_file(tmp_path, StudyFile(study=study, config="c.yaml", seeds=study.seeds, expected={}))
    make_runs(study, tmp_path).to_csv(tmp_path / "runs.csv", index=False)
    pulled = tmp_path / "pulled.json"
    pulled.write_text(json.dumps({"source": "results.csv", "runs": 6, "notes": ["One run was left out."]}))
    run_script("analyse_study", monkeypatch, "--study", path, "--runs", tmp_path / "runs.csv", "--pulled", pulled)
    findings = read_findings(tmp_path / "findings.json")
    assert findings.warnings[0].sentence == "One run was left out."
    assert findings.test_set == []
    assert pd.read_csv(tmp_path / "comparisons.csv")["verdict"].tolist() == ["BETTER"]
    assert [entry.kind for entry in read_ledger(tmp_path).entries] == ["registration", "look"]
    assert findings.registration.before_results


def test_the_scripts_make_an_interim_analysis_of_the_runs_so_far(tmp_path, monkeypatch, capsys):
    study = make_study()
    folder = study.folder(tmp_path)
    make_runs(study, folder)
    code = {"code_digest": "c" * 12, "data": "d" * 12}
    for run in study.runs()[:5]:
        digest = {"settings_digest": study.settings(run.variant).digest(), **code}
        made = record(run.variant, run.seed, accuracy=0.7 + 0.01 * run.seed)
        made = replace(made, provenance=replace(made.provenance, **digest))
        path = study.record_path(run.variant, run.seed, tmp_path)
        for name in ("history.csv", "predictions.npz"):
            path.with_name(name).touch()
        write_record(path, made)
    expected = {
        variant.name: Expected(settings=study.settings(variant.name).digest(), code="c" * 12, data="d" * 12)
        for variant in study.variants
    }
    path = write_study_file(folder, StudyFile(study=study, config="c.yaml", seeds=study.seeds, expected=expected))
    out = folder / "interim"
    run_script("collect_interim", monkeypatch, "--study", path, "--out", out / "runs.csv")
    assert capsys.readouterr().out == "5 of 6 runs finished, 1 missing\n"
    assert len((out / "runs.csv").read_text().splitlines()) == 7

    status = out / "status.json"
    run_script("analyse_study", monkeypatch, "--study", path, "--runs", out / "runs.csv", "--interim", status)
    findings = read_findings(out / "findings.json")
    assert findings.exploratory[0].startswith("This is an interim report: 5 of 6 runs have a result.")
    assert [answer.variant for answer in findings.test_set] == ["b"]
    test_images = read_record(study.record_path("a", 0, tmp_path)).sizes.test
    said = {warning.code: warning.sentence for warning in findings.warnings}
    assert f"The test set has {test_images} examples" in said["small_test_set"]
    assert pd.read_csv(out / "summary.csv")["n"].tolist() == [3, 2]
    assert [entry.content["of"] for entry in read_ledger(folder).of("look")] == ["interim"]

"""`seedwise gate`: what passes and what fails, as exit status and in every format."""

from __future__ import annotations

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from hostile import HOSTILE, check_markdown, check_plain
from made_studies import FAILED, A, B, C, make_report
from test_findings_file import base, examples, written

from seedwise.analysis.findings import Warned, write_findings
from seedwise.analysis.looks import Look
from seedwise.basics.files import short_digest
from seedwise.cli import main
from seedwise.report.findings_of import findings_of_report
from seedwise.report.gate_formats import FORMATS
from tests.plans import accuracy_plan

WORSE = [0.80, 0.801, 0.799]
CLOSE = [0.8421, 0.8379, 0.8511]


@pytest.fixture
def gate(tmp_path, capsys):
    """Return a function that judges a report, and returns the exit status and what was printed."""

    def run(report, *words):
        written(report, tmp_path)
        status = main(["gate", str(tmp_path), *words])
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run


def three(**declared):
    return make_report({"base": A, "worse": WORSE, "open": C}, accuracy_plan("base", **declared))


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        ((), 1, "worse is worse than base (difference −0.0437, 95% CI ["),
        (("--variant", "open"), 0, "open is not shown to differ from base (difference +0.0010, 95% CI ["),
        (("--variant", "open", "--fail-on", "not-better"), 1, "Fails: not shown to be better."),
        (("--fail-on", "exploratory,lost-runs"), 0, "(fails on exploratory, lost-runs)"),
        (("--fail-on", "exploratory", "--fail-on", "worse"), 1, "Fails: worse."),
    ],
)
def test_comparisons_pass_or_fail_by_the_conditions(gate, words, status, why):
    found, printed = gate(three(), *words)
    assert found == status
    assert why in printed
    assert printed.startswith("Gate passed: small" if status == 0 else "Gate failed: small, ")


@pytest.mark.parametrize(
    ("scores", "declared", "condition", "passes"),
    [
        ({"base": A, "b": CLOSE}, {"margin": 0.05}, "not-equivalent", True),
        ({"base": A, "b": C}, {"margin": 0.001}, "not-equivalent", False),
        ({"base": A, "b": CLOSE}, {"margin": 0.05}, "not-non-inferior", True),
        ({"base": A, "b": WORSE}, {"margin": 0.05}, "not-non-inferior", False),
        ({"base": A, "b": [*B, FAILED]}, {}, "lost-runs", False),
        ({"base": [*A, None], "b": B}, {}, "lost-runs", False),
        ({"base": A, "b": B}, {}, "lost-runs", True),
        ({"base": A, "b": [FAILED, FAILED, FAILED]}, {}, "no-verdict", False),
        ({"base": A, "b": [0.8, 0.9]}, {}, "no-verdict", False),
        ({"base": A, "b": B}, {}, "fragile", False),
    ],
)
def test_each_condition(gate, scores, declared, condition, passes):
    status, printed = gate(make_report(scores, accuracy_plan("base", **declared)), "--fail-on", condition)
    assert status == (0 if passes else 1), printed


def test_an_exploratory_study_passes_unless_that_is_refused(gate):
    report = make_report({"base": A, "b": C}, exploratory=["Seed 3 was added."])
    status, printed = gate(report)
    assert status == 0
    assert "The verdicts are EXPLORATORY" in printed
    status, printed = gate(report, "--fail-on", "exploratory")
    assert status == 1
    assert "Fails: EXPLORATORY, because Seed 3 was added." in printed


@pytest.mark.parametrize(("decision", "status"), [("go on", 1), ("stop", 0)])
def test_a_study_of_which_another_look_is_due_has_not_passed_yet(gate, decision, status):
    look = Look(
        number=1,
        looks=(3, 5),
        nominal_alpha=0.01,
        spent=0.01,
        alpha=0.05,
        seeds=(0, 1, 2),
        undecided=("b",),
        decision=decision,
    )
    found, printed = gate(make_report({"base": A, "b": C}, accuracy_plan("base", looks=[3, 5]), look=look))
    assert found == status
    assert ("not finished: the next declared look, with 5 seeds, is due" in printed) == bool(status)
    assert "99% CI" in printed


def test_a_warning_counts_for_the_variants_that_it_is_about(tmp_path, capsys):
    report = three()
    about = {"gap": ("open",), "few_seeds": (), "note": ()}
    warnings = [Warned(code=code, sentence="So.", variants=variants) for code, variants in about.items()]
    findings = base(report).model_copy(update={"warnings": warnings})
    write_findings(tmp_path / "findings.json", findings_of_report(findings, report))
    assert main(["gate", str(tmp_path), "--fail-on", "warnings"]) == 1
    worse, open_ = capsys.readouterr().out.splitlines()[1:]
    assert worse.endswith("Fails: warnings: few_seeds.")
    assert open_.endswith("Fails: warnings: gap, few_seeds.")


def test_numbers_are_written_as_in_the_report(gate):
    report = three()
    row = next(row for row in report.comparison_rows if row.variant == "worse")
    interval = report.digits.interval(row.ci_low, row.ci_high)
    assert f"difference {report.digits.signed(row.difference)}, 95% CI {interval}, p" in gate(report)[1]


def test_lost_runs_are_counted_for_both_arms(gate):
    scores = {"base": [*A, None], "b": [*B, FAILED]}
    assert "Fails: lost: 1 run of b and 1 run of base." in gate(make_report(scores), "--fail-on", "lost-runs")[1]


def test_an_evaluation_is_judged_by_its_examples(tmp_path, capsys):
    examples(tmp_path)
    assert main(["gate", str(tmp_path), "--variant", "b", "--fail-on", "not-better"]) == 1
    printed = capsys.readouterr().out
    assert printed.count("FAIL") == 1
    assert "b is not shown to differ from a (difference +0.0250, 95% CI [−0.1059, 0.1559], p = " in printed
    assert "corrected for 2 comparisons" in printed
    assert main(["gate", str(tmp_path), "--fail-on", "lost-runs"]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--variant", "opne"), 'seedwise: --variant: found "opne"; did you mean "open"? Known: worse, open\n'),
        (("--variant", "base"), 'seedwise: --variant "base": that is the baseline; the others are worse and open\n'),
        (("--fail-on", "wors"), 'seedwise: --fail-on: found "wors"; did you mean "worse"? Known: worse, no-verdict, '),
        (("--fail-on", "not-equivalent"), "seedwise: --fail-on not-equivalent: the study declares no margin"),
        (("--format", "yaml"), "seedwise: argument --format: invalid choice: 'yaml'"),
        (("--fail",), "seedwise: unknown flag --fail; did you mean --fail-on?"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(gate, words, message):
    status, printed = gate(three(), *words)
    assert status == 2
    assert printed.startswith(message)
    assert printed.count("\n") == 1


def test_findings_that_cannot_be_judged_are_mistakes(tmp_path, capsys):
    def refused(folder):
        assert main(["gate", str(folder)]) == 2
        return capsys.readouterr().err

    study = tmp_path / "quick"
    study.mkdir()
    assert "quick: has no findings.json: the study is not finished" in refused(study)
    (study / "findings.json").write_text("{", encoding="utf-8")
    assert "damaged or edited" in refused(study)
    assert f"there is no such folder; did you mean {study}?" in refused(tmp_path / "quik")
    assert "name the folder of its results" in refused(tmp_path / "study.yaml")
    assert "name the folder of a study's results" in refused_without_a_folder(capsys)
    written(make_report({"base": A}), study)
    assert "nothing is compared: base is the only variant" in refused(study)


def refused_without_a_folder(capsys):
    assert main(["gate"]) == 2
    return capsys.readouterr().err


def test_findings_that_are_older_than_the_tables_are_refused(tmp_path, capsys):
    report = make_report({"base": A, "b": B})
    runs = tmp_path / "runs.csv"
    runs.write_text("variant,seed\n", encoding="utf-8")
    findings = base(report).model_copy(update={"tables": {"runs.csv": short_digest(runs), "summary.csv": "0" * 16}})
    write_findings(tmp_path / "findings.json", findings_of_report(findings, report))
    assert main(["gate", str(tmp_path)]) == 0  # a table that is not there, as in an artifact, says nothing
    runs.write_text("variant,seed\nb,0\n", encoding="utf-8")
    assert main(["gate", str(tmp_path)]) == 2
    assert "not made of runs.csv as it is now" in capsys.readouterr().err


def test_json_has_what_a_program_needs(gate):
    status, printed = gate(three(), "--format", "json")
    found = json.loads(printed)
    assert status == 1
    assert (found["passed"], found["study"], found["fail_on"]) == (
        False,
        "small",
        ["worse", "no-verdict", "unfinished"],
    )
    assert [(check["variant"], check["verdict"], check["failed_on"]) for check in found["checks"]] == [
        ("worse", "WORSE", ["worse"]),
        ("open", "NOT_SUPPORTED", []),
    ]


def test_github_gets_annotations_and_the_summary_of_the_job(gate, tmp_path, monkeypatch):
    summary = tmp_path / "summary.md"
    summary.write_text("Before.\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    status, printed = gate(three(), "--format", "github")
    assert status == 1
    error, notice = printed.splitlines()
    assert error.startswith(
        "::error title=seedwise gate%3A worse::worse is worse than base (difference −0.0437, 95%25 CI"
    )
    assert notice.startswith("::notice title=seedwise gate%3A open::open is not shown to differ")
    assert summary.read_text(encoding="utf-8").startswith("Before.\n## Gate failed: small, 1 of 2 comparisons\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "none" / "summary.md"))
    status, printed = gate(three(), "--format", "github")
    assert status == 2
    assert printed.splitlines()[-1].startswith("seedwise: GITHUB_STEP_SUMMARY: ")


def test_junit_has_a_test_case_for_each_comparison(gate):
    suites = ElementTree.fromstring(gate(three(), "--format", "junit")[1].encode())
    (suite,) = suites
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("small", "2", "1")
    assert [(case.get("name"), [part.tag for part in case]) for case in suite] == [
        ("worse", ["failure"]),
        ("open", ["system-out"]),
    ]
    assert suite[0][0].get("type") == "worse"
    assert suite[0][0].get("message").endswith("Fails: worse.")


def test_markdown_has_the_table(gate):
    printed = gate(three(), "--format", "markdown")[1]
    assert "| worse | −0.0437 | [−0.0" in printed
    assert "| WORSE | **fails** (worse) |" in printed
    assert "| NOT_SUPPORTED | passes |" in printed


@pytest.mark.parametrize("name", FORMATS)
def test_what_users_wrote_is_only_text(gate, name, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    hostile = f"{HOSTILE}\r\n::error::injected]]>\x00"
    report = make_report(
        {"base": A, "b": WORSE}, labels={"b": hostile, "base": hostile}, study=hostile, exploratory=[hostile]
    )
    status, printed = gate(report, "--format", name, "--fail-on", "worse,exploratory")
    assert status == 1
    if name == "json":
        assert json.loads(printed)["checks"][0]["label"] == hostile
        return
    check_plain(printed)
    if name == "github":
        assert [line.partition("::error title=")[0] for line in printed.splitlines()] == [""]
    if name == "text":
        assert len(printed.splitlines()) == 3
    if name == "junit":
        (suite,) = ElementTree.fromstring(printed.encode())
        assert [part.tag for part in suite.iter()] == ["testsuite", "testcase", "failure"]
    if name == "markdown":
        check_markdown(f"# Page\n\n{printed}")


def test_a_gate_answers_without_the_packages_of_the_analysis(tmp_path):
    written(three(), tmp_path)
    inside = (
        f"import sys; from seedwise.cli import main; main(['gate', {str(tmp_path)!r}]); "
        "print([name for name in ('numpy', 'scipy', 'pandas', 'matplotlib', 'snakemake') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", inside], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"

"""Comparison of two studies: what held, what did not, and which studies cannot be compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_studies import make_report
from scipy import stats

from seedwise.analysis.findings import Findings, write_findings
from seedwise.cli import main
from seedwise.registration.ledger import append
from seedwise.report.two_studies import agreement, compare_studies, read_finished
from seedwise.statistics.analysis import format_table
from tests.plans import accuracy_plan

BASE = [0.800, 0.803, 0.798]
ELSEWHERE = [0.801, 0.804, 0.797]
UP, SAME, DOWN = ([score + shift for score in (0.800, 0.801, 0.797)] for shift in (0.05, 0.001, -0.05))

HIGH = [score + 0.001 for score in UP]


def write_study(folder, scores, exploratory=(), baseline="a", **plan):
    """Write a results folder as after the analysis."""
    declaration = accuracy_plan(baseline, **plan)
    report = make_report(scores, declaration)
    folder.mkdir(parents=True)
    findings = Findings(plan_hash=report.plan_hash, exploratory=list(exploratory), warnings=[], test_set=[])
    write_findings(folder / "findings.json", findings)
    declared = {"analysis": declaration.model_dump(mode="json"), "seeds": list(report.seeds), "variants": list(scores)}
    append(folder, lambda _: [("registration", declared)])
    for name in ("runs", "summary", "comparisons"):
        (folder / f"{name}.csv").write_text(format_table(getattr(report, name)))
    return folder


def compare(capsys, *arguments):
    status = main(["compare", *map(str, arguments)])
    return (status, *capsys.readouterr())


@pytest.fixture
def two(tmp_path):
    first = write_study(tmp_path / "small", {"a": BASE, "up": UP, "turned": UP, "lost": UP, "same": SAME, "own": UP})
    second = write_study(tmp_path / "large", {"a": BASE, "up": HIGH, "turned": DOWN, "lost": SAME, "same": ELSEWHERE})
    return first, second


def test_each_finding_is_reported_as_held_or_not(two, tmp_path, capsys):
    status, out, err = compare(capsys, *two)
    assert (status, err) == (0, "")
    assert out.startswith("1 of 3 conclusions held in both studies.\n")
    assert "  turned  BETTER / WORSE: reversed\n" in out
    assert "Caution: Only in small: own.\n" in out
    text = (tmp_path / "compare-small-large/compare.md").read_text()
    for sentence in (
        "**up**: better in both. The conclusion held.",
        "**turned**: better in small, worse in large. The conclusion was reversed",
        "**lost**: better in small, not settled in large. That is no contradiction and no confirmation: large may have",
        "**same**: not settled in either study.",
        "| turned | +0.0490 [",
    ):
        assert sentence in text
    table = pd.read_csv(tmp_path / "compare-small-large/compare.csv", index_col="variant")
    assert table.loc["turned", "change"] == pytest.approx(-0.1)
    assert table.loc["lost", "agreement"] == "shown in one study only"


def test_the_change_is_welchs_test_of_four_arms(two):
    rows = compare_studies(*map(read_finished, two))
    row = next(row for row in rows if row.variant == "lost")
    arms = [np.array(arm) for arm in (UP, BASE, SAME, BASE)]
    parts = [arm.var(ddof=1) / 3 for arm in arms]
    df = sum(parts) ** 2 / sum(part**2 / 2 for part in parts)
    t = (arms[2].mean() - arms[3].mean() - arms[0].mean() + arms[1].mean()) / sum(parts) ** 0.5
    assert row.p == pytest.approx(2 * stats.t.sf(abs(t), df))
    assert row.low < row.change < row.high


def test_a_lower_loss_is_better_in_both(tmp_path):
    loss, lows = {"metric": "test_loss", "higher_is_better": False}, {"x": DOWN, "y": [x + 0.001 for x in DOWN]}
    folders = [write_study(tmp_path / name, {"a": BASE, "b": low}, **loss) for name, low in lows.items()]
    row = compare_studies(*map(read_finished, folders))[0]
    assert (row.first.verdict, row.agreement) == ("BETTER", "held")
    assert row.change == pytest.approx(-0.001)


def test_a_copy_of_a_study_confirms_nothing(tmp_path, capsys):
    first = write_study(tmp_path / "x", {"a": BASE, "up": UP, "same": SAME})
    more = write_study(tmp_path / "y", {"a": BASE, "up": [*UP, 0.86], "same": ELSEWHERE})
    for second, caution in (
        (first, "Caution: Both studies have the very same results: this is one study twice, which confirms nothing."),
        (more, "Caution: Both studies have the same results of a and up, as copied runs have: what rests on these"),
    ):
        status, out, _ = compare(capsys, first, second)
        assert status == 0
        assert out.startswith("1 conclusion rests on the same runs in both, which confirms nothing.\n")
        assert "  up    BETTER / BETTER: the same runs\n" in out
        assert caution in out
        text = (tmp_path / f"compare-x-{second.name}/compare.md").read_text()
        assert "held" not in text.replace("Did it hold?", "")


def test_the_same_studies_give_the_same_page(two, tmp_path, capsys):
    made = []
    for _ in range(2):
        compare(capsys, *two, "--out", tmp_path / "out")
        made.append({path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()})
    assert made[0] == made[1]
    assert set(made[0]) == {"compare.md", "compare.csv", "compare.png", "compare.svg"}


@pytest.mark.parametrize(
    ("verdicts", "together"),
    [
        (("BETTER", "BETTER"), "held"),
        (("EQUIVALENT", "EQUIVALENT"), "held"),
        (("WORSE", "BETTER"), "reversed"),
        (("EQUIVALENT", "BETTER"), "differs"),
        (("NON_INFERIOR", "BETTER"), "held"),
        (("NON_INFERIOR", "WORSE"), "differs"),
        (("NON_INFERIOR", "NOT_SUPPORTED"), "shown in one study only"),
        (("NOT_SUPPORTED", "WORSE"), "shown in one study only"),
        (("NOT_SUPPORTED", "NOT_SUPPORTED"), "open in both"),
        (("TOO_FEW_SEEDS", "BETTER"), "cannot be judged"),
        (("UNDEFINED", "UNDEFINED"), "cannot be judged"),
    ],
)
def test_verdicts_that_agree(verdicts, together):
    assert agreement(*verdicts) == agreement(*verdicts[::-1]) == together


def test_caveats_of_the_comparison_are_reported(tmp_path, capsys):
    scores = {"a": BASE, "b": UP}
    first = write_study(tmp_path / "x", scores)
    second = write_study(tmp_path / "y", scores, exploratory=["seeds were added"], confidence=0.9)
    out = compare(capsys, first, second)[1]
    assert "Caution: analysis.confidence is 0.95 in x and 0.9 in y: the verdicts do not mean quite the same." in out
    assert "Caution: y is EXPLORATORY" in out
    assert "Caution: Both studies have the very same results" in out
    assert "EXPLORATORY BETTER" in (tmp_path / "compare-x-y/compare.md").read_text()


@pytest.mark.parametrize(
    ("exploratory", "because"),
    [
        (("x",), "only y can confirm it, because x is EXPLORATORY"),
        (("x", "y"), "neither study confirms it, because both are EXPLORATORY"),
    ],
)
def test_what_an_exploratory_study_found_is_not_said_to_have_held(tmp_path, capsys, exploratory, because):
    scores = {"x": {"a": BASE, "b": UP}, "y": {"a": ELSEWHERE, "b": HIGH}}
    found = [write_study(tmp_path / name, scores[name], ["seeds were added"] * (name in exploratory)) for name in "xy"]
    out = compare(capsys, *found)[1]
    assert out.startswith(f"1 of 1 conclusion is alike in both studies, but {because}.\n")
    assert "  b  BETTER / BETTER: alike, not confirmed in both\n" in out
    text = (tmp_path / "compare-x-y/compare.md").read_text()
    assert f"- **b**: better in both, but {because}.\n" in text
    assert "held" not in text


def test_mistakes_are_one_line(two, tmp_path, capsys):
    other = write_study(tmp_path / "loss", {"a": BASE, "up": UP}, metric="test_loss", higher_is_better=False)
    base = write_study(tmp_path / "base", {"up": UP, "a": BASE}, baseline="up")
    strange = write_study(tmp_path / "strange", {"a": BASE, "z": UP})
    (tmp_path / "empty").mkdir()
    for arguments, message in (
        ((two[0],), "name two studies, found 1"),
        (
            (two[0], tmp_path / "larg"),
            f"there is no such folder; did you mean {two[1]}? Finished studies there: base, ",
        ),
        ((two[0], tmp_path / "empty"), "has no findings.json, summary.csv and comparisons.csv"),
        ((two[0], other), "analysis.metric: small compares test_accuracy, loss test_loss; only studies with the same"),
        ((two[0], base), "analysis.baseline: small has the baseline a, base up"),
        (
            (two[1], strange),
            "no variant has the same name in both studies: large has up, turned, lost and same, strange",
        ),
    ):
        status, out, err = compare(capsys, *arguments)
        assert (status, out) == (2, "")
        assert err.startswith("seedwise: ")
        assert message in err
        assert err.count("\n") == 1


def test_a_broken_table_is_named(two, capsys):
    (two[1] / "comparisons.csv").write_text("variant\nup\n")
    status, _, err = compare(capsys, *two)
    assert status == 2
    assert f"{two[1]}: its tables cannot be read" in err

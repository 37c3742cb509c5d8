"""Two finished studies side by side, as data: did what one found about a variant hold in the other?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seedwise.analysis.findings import read_findings
from seedwise.analysis.tables import read_table, refuse_altered
from seedwise.basics.errors import UserError
from seedwise.basics.names import nearest
from seedwise.basics.words import enumerate_words
from seedwise.config.study_file import results_of
from seedwise.plan import Plan
from seedwise.registration.declared import declared_in
from seedwise.registration.ledger import NAME
from seedwise.report.digits import Digits, digits_of_metric
from seedwise.report.rows import ComparisonRow, SummaryRow, read_rows
from seedwise.statistics.decision import declared_test, oriented
from seedwise.statistics.replication import difference_of_differences
from seedwise.statistics.ttest import TTest
from seedwise.statistics.verdict import JUDGED, Verdict, upholds

NEEDED = ("findings.json", "summary.csv", "comparisons.csv")
SAME, HELD, ALIKE, REVERSED, DIFFERS, ONE_SIDED, OPEN, NOT_COMPARABLE = (
    "the same runs",
    "held",
    "alike, not confirmed in both",
    "reversed",
    "differs",
    "shown in one study only",
    "open in both",
    "cannot be judged",
)


@dataclass(frozen=True)
class FinishedStudy:
    """What a study's results folder says."""

    name: str
    plan: Plan
    plan_hash: str
    exploratory: bool
    summaries: Mapping[str, SummaryRow]
    comparisons: Mapping[str, ComparisonRow]

    def test(self, variant: str) -> TTest | None:
        """The t test of a variant against the baseline, as the plan pairs it; None where it is not defined."""
        row = self.comparisons[variant]
        if row.difference is None:
            return None  # a finished run has no finite value, and the study analysed nothing either
        own, base = (np.asarray(self.summaries[name].values) for name in (variant, self.plan.baseline))
        scores, baseline = (oriented(arm, self.plan.higher_is_better) for arm in (own, base))
        if self.plan.pairing == "seed" and not len(scores) == len(baseline) == row.n:
            return None  # which of these runs share a seed is not in the table
        return declared_test(scores, baseline, self.plan.pairing)


@dataclass(frozen=True)
class SideBySide:
    """One variant in two studies; the interval is of how much more it gains in the second."""

    variant: str
    first: ComparisonRow
    second: ComparisonRow
    agreement: str
    change: float | None
    low: float | None
    high: float | None
    p: float | None


def read_finished(folder: Path) -> FinishedStudy:
    """Read the tables of a finished study.

    Raises:
        UserError: the folder does not exist, or is not a finished study.
    """
    if folder.is_file():
        raise UserError(f"{folder}: not a folder; name that of its results, {results_of(folder)}")
    if not folder.is_dir():
        others = sorted(path.parent.name for path in folder.parent.glob("*/findings.json"))
        guess = nearest(folder.name, others)
        hint = f"; did you mean {folder.parent / guess}?" if guess else ""
        known = f" Finished studies there: {', '.join(others)}." if others else ""
        raise UserError(f"{folder}: there is no such folder{hint}{known}")
    missing = [name for name in NEEDED if not (folder / name).exists()]
    if missing:
        raise UserError(
            f"{folder}: has no {enumerate_words(missing)}, which a finished study has; run the study first "
            "(`snakemake --configfile …`)"
        )
    if (folder / "answers.csv").exists():
        raise UserError(f"{folder}: an evaluation; only studies of runs can be laid side by side")
    try:
        plan = _plan(folder)
        findings = read_findings(folder / "findings.json")
        refuse_altered(folder, {name: digest for name, digest in findings.tables.items() if name in NEEDED})
        summary, comparisons = (read_table(folder / f"{name}.csv") for name in ("summary", "comparisons"))
        return FinishedStudy(
            folder.name,
            plan,
            findings.plan_hash,
            bool(findings.exploratory),
            {row.variant: row for row in read_rows(SummaryRow, summary)},
            {row.variant: row for row in read_rows(ComparisonRow, comparisons)},
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{folder}: its tables cannot be read ({error}); run the study again") from error


def _plan(folder: Path) -> Plan:
    """Return the plan that a study was analysed by; raises UserError if it was not registered."""
    declared = declared_in(folder)
    if declared is None:
        raise UserError(f"{folder}: has no {NAME}, which a study has that was run; run the study first")
    return Plan.model_validate(declared["analysis"])


def compare_studies(first: FinishedStudy, second: FinishedStudy) -> list[SideBySide]:
    """Compare what two studies found about the variants that both have.

    Raises:
        UserError: they do not ask the same question, or share no variant.
    """
    for key, what in (("metric", "compares"), ("baseline", "has the baseline"), ("higher_is_better", "says")):
        one, other = getattr(first.plan, key), getattr(second.plan, key)
        if one != other:
            raise UserError(
                f"analysis.{key}: {first.name} {what} {one}, {second.name} {other}; only studies with the same {key} "
                "can be laid side by side"
            )
    shared = [variant for variant in first.comparisons if variant in second.comparisons]
    if not shared:
        raise UserError(
            f"no variant has the same name in both studies: {first.name} has {_listed(first)}, {second.name} has "
            f"{_listed(second)}"
        )
    return [_side_by_side(first, second, variant) for variant in shared]


def caveats(first: FinishedStudy, second: FinishedStudy) -> list[str]:
    """What a reader must know before believing the comparison."""
    found = [
        f"analysis.{key} is {_said(getattr(first.plan, key))} in {first.name} and {_said(getattr(second.plan, key))} "
        f"in {second.name}: the verdicts do not mean quite the same."
        for key in ("confidence", "pairing", "variance", "question", "margin", "looks")
        if getattr(first.plan, key) != getattr(second.plan, key)
    ]
    found += [
        f"{study.name} is EXPLORATORY: it is not what its declared plan says, so its verdicts confirm nothing."
        for study in (first, second)
        if study.exploratory
    ]
    for one, other in ((first, second), (second, first)):
        if only := [name for name in one.comparisons if name not in other.comparisons]:
            found.append(f"Only in {one.name}: {enumerate_words(only)}.")
    same = [name for name in first.summaries if name in second.summaries and have_same_runs(first, second, name)]
    if len(same) == len(first.summaries) == len(second.summaries):
        found.append("Both studies have the very same results: this is one study twice, which confirms nothing.")
    elif same:
        found.append(
            f"Both studies have the same results of {enumerate_words(same)}, as copied runs have: what rests on these "
            "runs alone is no confirmation."
        )
    return found


def have_same_runs(first: FinishedStudy, second: FinishedStudy, variant: str) -> bool:
    """Whether all scores of a variant in one study are in the other too, as those of copied runs are."""
    fewer, more = sorted((first.summaries[variant].values, second.summaries[variant].values), key=len)
    # Of many runs with coarse scores, a few may happen to be those of the others.
    return len(fewer) >= 2 and len(more) <= 2 * len(fewer) and Counter(fewer) <= Counter(more)


def _said(value: object) -> object:
    return "not set" if value is None else value


def agreement(first: str, second: str) -> str:
    """How two verdicts on one variant go together."""
    verdicts = {first, second}
    if not verdicts <= set(JUDGED):
        return NOT_COMPARABLE
    if verdicts == {Verdict.NOT_SUPPORTED}:
        return OPEN
    if upholds(first, second) or upholds(second, first):
        return HELD
    if Verdict.NOT_SUPPORTED in verdicts:
        return ONE_SIDED
    return REVERSED if verdicts == {Verdict.BETTER, Verdict.WORSE} else DIFFERS


def shared_digits(first: FinishedStudy, second: FinishedStudy) -> Digits:
    """How the values of the metric that both studies compare are written."""
    studies = (first, second)
    return digits_of_metric(
        [row for study in studies for row in study.summaries.values()],
        [row for study in studies for row in study.comparisons.values()],
    )


def _side_by_side(first: FinishedStudy, second: FinishedStudy, variant: str) -> SideBySide:
    tests = first.test(variant), second.test(variant)
    one, other = first.comparisons[variant], second.comparisons[variant]
    together = SAME if have_same_runs(first, second, variant) else agreement(one.verdict, other.verdict)
    if together == HELD and (first.exploratory or second.exploratory):
        together = ALIKE
    if tests[0] is None or tests[1] is None:
        return SideBySide(variant, one, other, together, None, None, None, None)
    change = difference_of_differences(tests[0], tests[1])
    low, high = change.interval(max(first.plan.confidence, second.plan.confidence))
    return SideBySide(variant, one, other, together, change.difference, low, high, change.p_value)


def confirming(first: FinishedStudy, second: FinishedStudy) -> str:
    """Say which of two studies can confirm what both found; empty if both can."""
    if not (first.exploratory or second.exploratory):
        return ""
    if first.exploratory and second.exploratory:
        return "neither study confirms it, because both are EXPLORATORY"
    suggests, confirms = (first, second) if first.exploratory else (second, first)
    return f"only {confirms.name} can confirm it, because {suggests.name} is EXPLORATORY"


def _listed(study: FinishedStudy) -> str:
    return enumerate_words(list(study.comparisons)) if study.comparisons else "none beside the baseline"
